internal import CommandLineParsing
internal import OperatingSystem

let status = BenchTool.run(CommandLine.arguments, host: .real())
ProcessExit.exit(status)
