internal import AgentSafeCLI
internal import OperatingSystem

FaultPoint.reach("start")
let host = Host.real()
let status = CommandLineTool.run(CommandLine.arguments, host: host, terminal: .real(host))
ProcessExit.exit(status)
