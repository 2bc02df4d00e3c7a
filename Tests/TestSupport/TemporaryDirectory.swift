internal import OperatingSystem

/// A new folder that only this user can read, and that goes when the last reference to it goes.
public final class TemporaryDirectory: Sendable {
    /// Absolute.
    public let path: String

    public init(prefix: String = "agentsafe-test-") throws {
        let parent = Host.real().environment["TMPDIR"].flatMap { $0.isEmpty ? nil : $0 } ?? "/tmp"
        path = try Files.temporaryDirectory(in: parent, prefix: prefix)
    }

    deinit { try? Files.removeTree(path) }

    /// The path of `name` inside.
    public func file(_ name: String) -> String { "\(path)/\(name)" }

    /// Creates a file that must not exist yet, and returns its path.
    @discardableResult
    public func write(_ name: String, _ content: [UInt8], mode: UInt32 = 0o644) throws -> String {
        try Files.create(file(name), content, mode: mode)
        return file(name)
    }

    @discardableResult
    public func write(_ name: String, _ text: String, mode: UInt32 = 0o644) throws -> String {
        try write(name, Array(text.utf8), mode: mode)
    }
}
