internal import OperatingSystem

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// A program that serves on loopback for as long as this object lives. It prints its port first, answers lines with lines,
/// and ends with its standard input, so it cannot outlive this process.
public final class ServerProcess: @unchecked Sendable {
    public struct Failure: Error, CustomStringConvertible {
        public let description: String
    }

    public let port: Int
    private let identifier: pid_t
    private let input: Int32
    private let output: Int32
    private var rest: [UInt8] = []

    /// - Parameter arguments: the program, to be found in `PATH`, and what it is told.
    public init(_ arguments: [String]) throws {
        let environment = Host.real().environment
        guard let path = Program.find(arguments[0], environment: environment) else {
            throw Failure(description: "there is no program `\(arguments[0])`")
        }
        var ends: [[Int32]] = []
        for _ in 0..<2 {
            var pair: [Int32] = [0, 0]
            guard pipe(&pair) == 0 else { throw Failure(description: "no pipe") }
            // No other child may hold this one's input open.
            for end in pair { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
            ends.append(pair)
        }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, ends[0][0], 0)
        posix_spawn_file_actions_adddup2(&actions, ends[1][1], 1)
        let cArguments = arguments.map { strdup($0) } + [nil]
        let cEnvironment = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for pointer in cArguments + cEnvironment { free(pointer) } }
        var child: pid_t = 0
        let status = posix_spawn(&child, path, &actions, nil, cArguments, cEnvironment)
        close(ends[0][0])
        close(ends[1][1])
        guard status == 0 else { throw Failure(description: "cannot start `\(path)`") }
        (identifier, input, output) = (child, ends[0][1], ends[1][0])
        var rest: [UInt8] = []
        guard let line = Self.line(from: output, &rest), let number = Int(line) else {
            kill(child, SIGKILL)
            var raw: Int32 = 0
            waitpid(child, &raw, 0)
            throw Failure(description: "`\(arguments.joined(separator: " "))` named no port")
        }
        port = number
        self.rest = rest
    }

    deinit {
        close(input)
        close(output)
        kill(identifier, SIGKILL)
        var raw: Int32 = 0
        while waitpid(identifier, &raw, 0) == -1 && errno == EINTR {}
    }

    /// Sends a line and returns the one that comes back.
    public func ask(_ line: String) throws -> String {
        let bytes = Array("\(line)\n".utf8)
        guard write(input, bytes, bytes.count) == bytes.count, let answer = Self.line(from: output, &rest) else {
            throw Failure(description: "the server does not answer `\(line)`")
        }
        return answer
    }

    private static func line(from descriptor: Int32, _ rest: inout [UInt8]) -> String? {
        while true {
            if let end = rest.firstIndex(of: 0x0A) {
                let line = String(decoding: rest[..<end], as: UTF8.self)
                rest.removeSubrange(...end)
                return line
            }
            var buffer = [UInt8](repeating: 0, count: 64 << 10)
            let count = read(descriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return nil }
            rest += buffer[..<count]
        }
    }
}
