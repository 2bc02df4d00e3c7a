internal import ChangeModel
internal import Git
internal import OperatingSystem

/// What is still to be told, in a folder of this user's state folder, one for each repository:
///
///     recorded/   what this machine is about to push, or has just pushed: a file for each push
///     waiting/    messages to send, each a file: `000000042-denied-ops.json`
///     failed/     messages that no receiver takes, until somebody looks at them
///     sinks.json  how each sink has behaved
///
/// Every file is written whole, synced, and readable by its owner alone. Repeating any step gives the same files.
struct NotificationBox {
    let folder: String

    enum Shelf: String, CaseIterable { case waiting, failed }

    /// One message to one sink.
    struct Item {
        var sink: String
        var notification: Notification
        var queued: Timestamp
        var attempts = 0
        /// Why it was not delivered the last time.
        var failure: String?

        /// In the order of the ledger.
        var fileName: String {
            let height = String(notification.data["height"]?.integerValue ?? 0)
            let digits = String(repeating: "0", count: max(0, 9 - height.count)) + height
            return "\(digits)-\(notification.type.split(separator: ".").last ?? "")-\(sink).json"
        }

        var json: JSONValue {
            .compact([
                "sink": .string(sink), "notification": notification.stored, "queued": .string(queued.description),
                "attempts": .integer(Int64(attempts)), "failure": failure.map { .string($0) },
            ])
        }

        init(_ notification: Notification, to sink: String, queued: Timestamp) {
            (self.notification, self.sink, self.queued) = (notification, sink, queued)
        }

        init?(json: JSONValue) {
            guard let sink = json["sink"]?.stringValue, Identifier.isName(sink),
                let notification = json["notification"].flatMap({ Notification(stored: $0) }),
                let queued = json["queued"]?.stringValue.flatMap({ Timestamp($0) })
            else { return nil }
            self.init(notification, to: sink, queued: queued)
            attempts = Int(json["attempts"]?.integerValue ?? 0)
            failure = json["failure"]?.stringValue
        }
    }

    /// A push of events that are to be told of once the ledger has them.
    struct Push: Hashable {
        /// Height of the event that it follows.
        let above: Int
        let tip: ObjectID

        var fileName: String { "\(above)-\(tip)" }

        init(above: Int, tip: ObjectID) { (self.above, self.tip) = (above, tip) }

        init?(fileName: String) {
            let parts = fileName.split(separator: "-", omittingEmptySubsequences: false)
            guard parts.count == 2, let above = Int(parts[0]), above >= 0, let tip = ObjectID(String(parts[1])) else {
                return nil
            }
            self.init(above: above, tip: tip)
        }
    }

    /// How a sink has behaved.
    struct Conduct {
        /// Rounds in a row that ended in a failure.
        var failures = 0
        /// When it is worth another try beside other work.
        var next: Timestamp?
        /// Heights of open claims that were told to be unknown.
        var unknown: Set<Int> = []
        /// How many failed messages had no room.
        var dropped = 0

        var json: JSONValue {
            .compact([
                "failures": .integer(Int64(failures)), "next": next.map { .string($0.description) },
                "unknown": .array(unknown.sorted().map { .integer(Int64($0)) }), "dropped": .integer(Int64(dropped)),
            ])
        }

        init() {}

        init(json: JSONValue) {
            failures = Int(json["failures"]?.integerValue ?? 0)
            next = json["next"]?.stringValue.flatMap { Timestamp($0) }
            unknown = Set(json["unknown"]?.arrayValue?.compactMap { $0.integerValue.map { Int($0) } } ?? [])
            dropped = Int(json["dropped"]?.integerValue ?? 0)
        }
    }

    /// Messages of one sink on one shelf.
    static let maximumItems = 500

    init(stateFolder: String, repository: String) { folder = "\(stateFolder)/agentsafe/notifications/\(repository)" }

    private func path(_ shelf: Shelf) -> String { "\(folder)/\(shelf.rawValue)" }
    private var recorded: String { "\(folder)/recorded" }
    var exists: Bool { Files.kind(folder) == .directory }

    private func prepare() throws(SystemError) {
        for name in [recorded] + Shelf.allCases.map(path) { try Files.createDirectory(name, mode: 0o700) }
    }

    /// While `body` runs, no other process changes what is here.
    func locked<Value>(_ body: () throws(SystemError) -> Value) throws(SystemError) -> Value {
        try prepare()
        return try Files.withLock("\(folder)/lock", body)
    }

    /// One process sends at a time; nil when another does.
    func lockForSending() throws(SystemError) -> FileLock? {
        try prepare()
        return try FileLock.acquire(file: "\(folder)/sending.lock", waiting: false)
    }

    // MARK: - Pushes

    func note(_ push: Push) throws(SystemError) {
        try prepare()
        try Files.writeAtomically("\(recorded)/\(push.fileName)", [], mode: 0o600)
    }

    func pushes() throws(SystemError) -> [Push] {
        guard Files.kind(recorded) != nil else { return [] }
        return try Files.list(recorded).compactMap { Push(fileName: $0) }.sorted { $0.above < $1.above }
    }

    func forget(_ push: Push) throws(SystemError) { try Files.remove("\(recorded)/\(push.fileName)") }

    // MARK: - Messages

    /// Names of the files of one sink, in the order of the ledger.
    func names(_ shelf: Shelf, of sink: String) throws(SystemError) -> [String] {
        guard Files.kind(path(shelf)) != nil else { return [] }
        return try Files.list(path(shelf)).filter { name in
            let parts = name.split(separator: "-", maxSplits: 2)
            return parts.count == 3 && parts[2] == "\(sink).json"
        }.sorted()
    }

    /// In the order of the ledger. What cannot be read is nobody's message.
    func items(_ shelf: Shelf) throws(SystemError) -> [Item] {
        guard Files.kind(path(shelf)) != nil else { return [] }
        return try Files.list(path(shelf)).filter { $0.hasSuffix(".json") }.sorted().compactMap { name in
            guard let bytes = try? Files.read("\(path(shelf))/\(name)", limit: 1 << 20),
                let item = (try? JSONValue(parsing: bytes)).flatMap({ Item(json: $0) }), item.fileName == name
            else { return nil }
            return item
        }
    }

    func put(_ item: Item, on shelf: Shelf) throws(SystemError) {
        try Files.writeAtomically("\(path(shelf))/\(item.fileName)", item.json.evidenceBytes, mode: 0o600)
    }

    func remove(_ item: Item, from shelf: Shelf) throws(SystemError) {
        let path = "\(path(shelf))/\(item.fileName)"
        if Files.kind(path) != nil { try Files.remove(path) }
    }

    /// Puts an item where it is seen, and the oldest one away where there is no room; `conducts` says how many.
    func fail(_ item: Item, _ conducts: inout [String: Conduct]) throws(SystemError) {
        let others = try names(.failed, of: item.sink).filter { $0 != item.fileName }
        if others.count >= Self.maximumItems, let oldest = others.first {
            try Files.remove("\(path(.failed))/\(oldest)")
            conducts[item.sink, default: Conduct()].dropped += 1
        }
        try put(item, on: .failed)
        try remove(item, from: .waiting)
    }

    // MARK: - Sinks

    /// By name. A file that cannot be read says no more than a missing one: repeats are told by their ids.
    func conducts() -> [String: Conduct] {
        guard let bytes = try? Files.read("\(folder)/sinks.json", limit: 1 << 20),
            let members = (try? JSONValue(parsing: bytes))?.objectValue
        else { return [:] }
        return members.mapValues { Conduct(json: $0) }
    }

    func write(_ conducts: [String: Conduct]) throws(SystemError) {
        try Files.writeAtomically(
            "\(folder)/sinks.json", JSONValue.object(conducts.mapValues(\.json)).evidenceBytes, mode: 0o600)
    }
}
