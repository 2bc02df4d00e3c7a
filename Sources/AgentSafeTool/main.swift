internal import AgentSafeCLI
internal import OperatingSystem

let host = Host.real()
let status = CommandLineTool.run(CommandLine.arguments, host: host, terminal: .real(host))
ProcessExit.exit(status)
