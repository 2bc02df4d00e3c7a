internal import ChangeModel
internal import Git
public import OperatingSystem

/// Judges pushes on the server, as git's `pre-receive` hook (githooks(5)).
///
/// Nothing of the caller's environment has a say but what git itself sets: `GIT_DIR`, `GIT_QUARANTINE_PATH`,
/// `GIT_OBJECT_DIRECTORY` and `GIT_ALTERNATE_OBJECT_DIRECTORIES`. The pin and the limits come from the repository's own
/// settings.
public enum ReceiveHook {
    /// Bytes that the objects of one push may take, where `agentsafe.maxPushBytes` says nothing: some six thousand changes with
    /// all of their evidence.
    public static let defaultMaximumBytes = 64 << 20

    /// How many bytes of standard input are ever needed.
    public static var maximumInput: Int { PushRequest.maximumBytes }

    /// - Parameter input: what git wrote to the hook's standard input.
    /// - Throws: `AgentSafeError` where the push could not be judged at all; it must be refused then.
    public static func judge(_ input: [UInt8], host: Host) throws(AgentSafeError) -> PushReport {
        let push = try PushRequest(parsing: input)
        if let name = host.environment["GIT_NAMESPACE"], !name.isEmpty {
            throw AgentSafeError(
                .failed,
                "the server uses GIT_NAMESPACE, and agentsafe guards a repository of its own only; serve it without")
        }
        let quarantine = host.environment["GIT_QUARANTINE_PATH"].map { host.absolute($0) }
        // A push that only deletes brings no objects, and has no quarantine.
        guard quarantine != nil || push.updates.allSatisfy({ $0.new == nil }) else {
            throw AgentSafeError(
                .failed,
                "GIT_QUARANTINE_PATH is not set, so the push cannot be measured; the server needs git 2.11 or newer")
        }
        let folders = try objectFolders(host, quarantine)
        let repository = try git { () throws(GitError) in
            try Repository(
                containing: host.currentDirectory, gitDirectory: host.absolute(host.environment["GIT_DIR"] ?? "."),
                borrowing: BorrowedObjects(folders: folders))
        }
        if let quarantine { try measure(quarantine, limit: try maximumBytes(repository)) }
        let judge = try PushJudge(repository: repository, push: push, now: Timestamp(seconds: host.now()))
        judge.judge()
        if judge.report.refusals.isEmpty { try judge.keepMarks() }
        return judge.report
    }

    private static func objectFolders(_ host: Host, _ quarantine: String?) throws(AgentSafeError) -> [String] {
        guard let quarantine else { return [] }
        var folders = [quarantine]
        if let folder = host.environment["GIT_OBJECT_DIRECTORY"], !folder.isEmpty { folders.append(folder) }
        guard let others = AlternatePaths.parse(host.environment["GIT_ALTERNATE_OBJECT_DIRECTORIES"] ?? "") else {
            throw AgentSafeError(
                .failed, "GIT_ALTERNATE_OBJECT_DIRECTORIES cannot be read; it is git's own list, see git(1)")
        }
        // Git names folders that may be gone, and goes on without them.
        folders += others.filter { Files.kind(host.absolute($0), followingLinks: true) == .directory }
        var seen: Set<String> = []
        return folders.map { host.absolute($0) }.filter { seen.insert($0).inserted }
    }

    // MARK: - Size

    static func maximumBytes(_ repository: Repository) throws(AgentSafeError) -> Int {
        let text = try git { () throws(GitError) in try repository.localConfiguration("agentsafe.maxPushBytes") }
        guard let text else { return defaultMaximumBytes }
        guard let limit = Int(text), limit > 0, String(limit) == text else {
            throw AgentSafeError(
                .failed,
                "`agentsafe.maxPushBytes` in the repository's settings on the server is no number of bytes; correct it with "
                    + "`git config agentsafe.maxPushBytes \(defaultMaximumBytes)`")
        }
        return limit
    }

    private static func measure(_ quarantine: String, limit: Int) throws(AgentSafeError) {
        let size: Int
        do {
            size = try Files.totalSize(below: quarantine, stoppingAbove: limit)
        } catch {
            throw AgentSafeError(.failed, "the push cannot be measured: \(error)")
        }
        guard size <= limit else {
            throw AgentSafeError(
                .failed,
                "the push brings more than \(limit) bytes of objects; push in parts, or have `agentsafe.maxPushBytes` raised on "
                    + "the server")
        }
    }
}

/// The list of folders in `GIT_ALTERNATE_OBJECT_DIRECTORIES` (git(1)): separated by colons, and between double quotes, with
/// escapes as in C, where a path holds a colon or begins with a quote.
enum AlternatePaths {
    /// nil when a quoted path does not end.
    static func parse(_ text: String) -> [String]? {
        var paths: [String] = []
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            if rest.first == UInt8(ascii: "\"") {
                guard let path = quoted(&rest), rest.isEmpty || rest.first == UInt8(ascii: ":") else { return nil }
                paths.append(String(decoding: path, as: UTF8.self))
            } else {
                let path = rest.prefix { $0 != UInt8(ascii: ":") }
                rest = rest.dropFirst(path.count)
                if !path.isEmpty { paths.append(String(decoding: path, as: UTF8.self)) }
            }
            rest = rest.dropFirst()
        }
        return paths
    }

    private static func quoted(_ rest: inout ArraySlice<UInt8>) -> [UInt8]? {
        var path: [UInt8] = []
        rest = rest.dropFirst()
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "\"") { return path }
            if byte != UInt8(ascii: "\\") {
                path.append(byte)
                continue
            }
            guard let escaped = rest.popFirst() else { return nil }
            switch escaped {
            case UInt8(ascii: "\\"), UInt8(ascii: "\""): path.append(escaped)
            case UInt8(ascii: "0")...UInt8(ascii: "3"):
                let digits = rest.prefix(2).map { Int($0) - 0x30 }
                guard digits.count == 2, digits.allSatisfy({ (0...7).contains($0) }) else { return nil }
                rest = rest.dropFirst(2)
                path.append(UInt8(Int(escaped - 0x30) * 64 + digits[0] * 8 + digits[1]))
            default:
                let letters: [UInt8: UInt8] = [0x61: 7, 0x62: 8, 0x74: 9, 0x6E: 10, 0x76: 11, 0x66: 12, 0x72: 13]
                guard let value = letters[escaped] else { return nil }
                path.append(value)
            }
        }
        return nil
    }
}
