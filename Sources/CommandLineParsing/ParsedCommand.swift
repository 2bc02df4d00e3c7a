/// A command line that says something the program understands.
public struct ParsedCommand: Hashable, Sendable {
    /// Names below the root: `["identity", "add"]`; empty for the root itself.
    public let path: [String]
    /// `-h` or `--help` was given: nothing else was checked, and the other members are empty.
    public let wantsHelp: Bool
    /// By long name; a flag that was given has no values.
    public let options: [String: [String]]
    public let positionals: [String]

    public init(
        path: [String], wantsHelp: Bool = false, options: [String: [String]] = [:], positionals: [String] = []
    ) {
        self.path = path
        self.wantsHelp = wantsHelp
        self.options = options
        self.positionals = positionals
    }

    public func has(_ option: String) -> Bool { options[option] != nil }
    /// The value of an option that can be given once.
    public func value(_ option: String) -> String? { options[option]?.first }
    /// The values of an option in the order given.
    public func values(_ option: String) -> [String] { options[option] ?? [] }
}

/// A command line that was not understood.
public struct UsageError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Code: String, Sendable, CaseIterable {
        case unknownOption = "unknown_option"
        case unknownCommand = "unknown_command"
        case missingCommand = "missing_command"
        case missingValue = "missing_value"
        case unexpectedValue = "unexpected_value"
        case valueNotAllowed = "value_not_allowed"
        case repeatedOption = "repeated_option"
        case missingOption = "missing_option"
        case missingArgument = "missing_argument"
        case tooManyArguments = "too_many_arguments"
    }

    public let code: Code
    /// One line; its end names the help to read.
    public let message: String

    public init(code: Code, message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { message }
}
