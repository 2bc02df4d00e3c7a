internal import OperatingSystem

/// Numbers that whoever runs the tests may choose.
public enum TestEnvironment {
    /// A whole number in an environment variable; nil where it is unset, or no number.
    public static func number(_ name: String) -> Int? { Host.real().environment[name].flatMap { Int($0) } }
}
