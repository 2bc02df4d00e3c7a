internal import Git

/// One reference that a push would move.
struct ReferenceUpdate: Sendable {
    /// What the client says stood there; nil: nothing. Git believes it only when it moves the reference, after the hook.
    let old: ObjectID?
    /// nil: the reference goes away.
    let new: ObjectID?
    let name: String
}

/// What `git-receive-pack` tells its `pre-receive` hook on standard input (githooks(5)): a line for each reference,
/// `<old> SP <new> SP <name> LF`, with zeros for "none".
struct PushRequest: Sendable {
    let updates: [ReferenceUpdate]

    static let maximumReferences = 1000
    /// Enough for so many names of the greatest length that git takes.
    static let maximumBytes = maximumReferences * (2 * 41 + 4097)

    init(parsing input: [UInt8]) throws(AgentSafeError) {
        guard input.last == UInt8(ascii: "\n") else {
            throw AgentSafeError(
                .failed,
                "the list of references on standard input is \(input.isEmpty ? "empty" : "cut short"), so nothing can be judged; "
                    + "push again, and see that git itself calls this hook")
        }
        let lines = input.dropLast().split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        guard lines.count <= Self.maximumReferences else {
            throw AgentSafeError(
                .failed,
                "the push moves \(lines.count) references, and one push may move \(Self.maximumReferences); push them in parts"
            )
        }
        var updates: [ReferenceUpdate] = []
        var names: Set<String> = []
        for line in lines {
            guard let update = ReferenceUpdate(line) else {
                throw AgentSafeError(
                    .failed,
                    "a line on standard input is not `<old> <new> <reference>` with object names of 40 digits: "
                        + "`\(String(decoding: line.prefix(120), as: UTF8.self))`")
            }
            guard names.insert(update.name).inserted else {
                throw AgentSafeError(.failed, "the push moves `\(update.name)` twice; push it once")
            }
            updates.append(update)
        }
        self.updates = updates
    }
}

extension ReferenceUpdate {
    fileprivate init?(_ line: some Collection<UInt8>) {
        guard let text = String(validating: line, as: UTF8.self) else { return nil }
        let fields = text.split(separator: " ", omittingEmptySubsequences: false)
        guard fields.count == 3, let old = ObjectID(fields[0]), let new = ObjectID(fields[1]), !fields[2].isEmpty else {
            return nil
        }
        self.init(old: old == .zero ? nil : old, new: new == .zero ? nil : new, name: String(fields[2]))
    }
}
