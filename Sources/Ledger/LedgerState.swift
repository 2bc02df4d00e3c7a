public import ChangeModel
public import Git

/// `state/` in the ledger's tree: what gate, runner and status need to know of the past, so that none of them walks
/// history.
///
///     state/summary.json                 {landed}: how many changes have landed
///     state/trust.json                   {version}: the newest trust version that has its event
///     state/pending/<id>.json            {digest, landed, sequence, expires, merge_approval?}: landed, not yet executed
///     state/claims/<id>.json             {by, digest, height, lease_end, locks, prepared, at}
///     state/locks/<64 hex>.json          {change}: a claim holds this locator
///     state/executions/<64 hex>.json     {change, height, outcome, rollback_of?}: the last execution on this locator
///     state/recent/<YYYYMMDDhh>.json     {entries: [{at, caller, digest, result, risk}]}: first decisions of 24 hours
///
/// It is a function of the previous state, the event, and the landings between the two main commits that the events name:
/// every appender checks it, and `verify` derives it again.
public struct LedgerState {
    let repository: Repository
    let tree: ObjectID
    /// Files that differ from `tree`; nil: removed.
    private(set) var edits: [String: [UInt8]?] = [:]

    public init(repository: Repository, tree: ObjectID) {
        self.repository = repository
        self.tree = tree
    }

    static let folder = "state"
    static let retention = Duration.seconds(24 * 3600)

    // MARK: - Reading

    func read(_ path: String) throws(LedgerError) -> JSONValue? {
        if let edited = edits[path] {
            guard let bytes = edited else { return nil }
            return try parse(bytes, path)
        }
        guard let bytes = try reading({ () throws(GitError) in try repository.file(path, in: tree) }) else {
            return nil
        }
        return try parse(bytes, path)
    }

    private func parse(_ bytes: [UInt8], _ path: String) throws(LedgerError) -> JSONValue {
        do {
            return try JSONValue(parsing: bytes, limits: JSONLimits(bytes: 16 << 20, depth: 16))
        } catch {
            throw .notAuthentic("the state cannot be read: \(error)", file: path)
        }
    }

    private func names(in folder: String) throws(LedgerError) -> [String] {
        let path = "\(Self.folder)/\(folder)"
        var names = Set(try reading { () throws(GitError) in try repository.folder(path, in: tree) }.map(\.name))
        for (edited, content) in edits where edited.hasPrefix(path + "/") {
            let name = String(edited.dropFirst(path.count + 1))
            if content == nil { names.remove(name) } else { names.insert(name) }
        }
        return names.sorted()
    }

    private func ids(in folder: String) throws(LedgerError) -> [ChangeID] {
        try names(in: folder).compactMap { $0.hasSuffix(".json") ? ChangeID($0.dropLast(5)) : nil }
    }

    /// Landed changes that were neither executed nor have expired, in landing order.
    public func pending() throws(LedgerError) -> [PendingChange] {
        var found: [PendingChange] = []
        for id in try ids(in: "pending") {
            if let entry = try pending(id) { found.append(entry) }
        }
        return found.sorted { $0.sequence < $1.sequence }
    }

    public func pending(_ id: ChangeID) throws(LedgerError) -> PendingChange? {
        guard let value = try read(Self.pendingPath(id)) else { return nil }
        guard let entry = PendingChange(id: id, json: value) else {
            throw .notAuthentic("the state's entry cannot be read", file: Self.pendingPath(id))
        }
        return entry
    }

    public func claims() throws(LedgerError) -> [OpenClaim] {
        var found: [OpenClaim] = []
        for id in try ids(in: "claims") {
            if let claim = try claim(id) { found.append(claim) }
        }
        return found
    }

    public func claim(_ id: ChangeID) throws(LedgerError) -> OpenClaim? {
        guard let value = try read(Self.claimPath(id)) else { return nil }
        guard let claim = OpenClaim(id: id, json: value) else {
            throw .notAuthentic("the state's entry cannot be read", file: Self.claimPath(id))
        }
        return claim
    }

    /// The change whose claim holds a locator.
    public func lockHolder(_ lock: Digest) throws(LedgerError) -> ChangeID? {
        try read(Self.lockPath(lock))?["change"]?.stringValue.flatMap { ChangeID($0) }
    }

    /// The newest trust version that has its event.
    public func trustVersion() throws(LedgerError) -> Int {
        Int(try read(Self.trustPath)?["version"]?.integerValue ?? 0)
    }

    static let trustPath = "state/trust.json"
    static func pendingPath(_ id: ChangeID) -> String { "state/pending/\(id).json" }
    static func claimPath(_ id: ChangeID) -> String { "state/claims/\(id).json" }
    static func lockPath(_ lock: Digest) -> String { "state/locks/\(lock.hexadecimal).json" }
    static func executionPath(_ lock: Digest) -> String { "state/executions/\(lock.hexadecimal).json" }
    static func recentPath(_ at: Timestamp) -> String { "state/recent/\(at.compact.prefix(10)).json" }

    // MARK: - The transition

    private mutating func put(_ path: String, _ value: JSONValue?) {
        edits[path] = .some(value?.evidenceBytes)
    }

    /// Enters what landed on main since the previous event.
    mutating func land(_ landings: [Landing]) throws(LedgerError) {
        guard !landings.isEmpty else { return }
        var count = try read("state/summary.json")?["landed"]?.integerValue ?? 0
        for landing in landings {
            count += 1
            let change = landing.change.change
            put(
                Self.pendingPath(change.id),
                PendingChange(
                    id: change.id, digest: landing.change.digest, landed: landing.commit, sequence: Int(count),
                    expires: change.expires, approval: landing.approval
                ).json)
        }
        put("state/summary.json", ["landed": .integer(count)])
    }

    /// Applies an event. `change` is the change that it is about, where there is one.
    mutating func apply(_ event: LedgerEvent, change: SignedChange?) throws(LedgerError) {
        switch event.kind {
        case .genesis:
            put("state/summary.json", ["landed": 0])
            put(Self.trustPath, ["version": 1])
        case .trust:
            put(Self.trustPath, ["version": event.body["version"] ?? .null])
        case .vote:
            break
        case .decision:
            if let change { try enterDecision(event, change) }
        case .claim:
            guard let reference = event.change else { break }
            let claim = OpenClaim(
                id: reference.id, digest: reference.digest, by: event.by, height: event.height, at: event.at,
                leaseEnd: event.leaseEnd ?? event.at, locks: event.locks, isPrepared: false)
            put(Self.claimPath(reference.id), claim.json)
            for lock in claim.locks { put(Self.lockPath(lock), ["change": .string(reference.id.text)]) }
        case .prepared:
            guard let reference = event.change, var claim = try claim(reference.id) else { break }
            claim.isPrepared = true
            claim.leaseEnd = event.leaseEnd ?? claim.leaseEnd
            put(Self.claimPath(reference.id), claim.json)
        case .execution:
            guard let reference = event.change, let claim = try claim(reference.id) else { break }
            release(claim)
            put(Self.pendingPath(reference.id), nil)
            enterExecution(event, claim, change)
        case .aborted:
            guard let reference = event.change, let claim = try claim(reference.id) else { break }
            release(claim)
        case .resolution:
            guard let reference = event.change, let claim = try claim(reference.id) else { break }
            release(claim)
            put(Self.pendingPath(reference.id), nil)
            // What never reached the target leaves the execution before it the latest.
            if event.outcome != Resolution.notApplied.rawValue { enterExecution(event, claim, change) }
        }
        try prune(at: event.at)
    }

    private mutating func enterExecution(_ event: LedgerEvent, _ claim: OpenClaim, _ change: SignedChange?) {
        for lock in claim.locks {
            put(
                Self.executionPath(lock),
                .compact([
                    "change": .string(claim.id.text), "height": .integer(Int64(event.height)),
                    "outcome": event.outcome.map { .string($0) },
                    "rollback_of": change?.change.rollbackOf.map { .string($0.text) },
                ]))
        }
    }

    private mutating func release(_ claim: OpenClaim) {
        put(Self.claimPath(claim.id), nil)
        for lock in claim.locks { put(Self.lockPath(lock), nil) }
    }

    private mutating func enterDecision(_ event: LedgerEvent, _ change: SignedChange) throws(LedgerError) {
        // A change counts once, by digest, at its first recorded decision.
        for name in try names(in: "recent") {
            let entries = try read("state/recent/\(name)")?["entries"]?.arrayValue ?? []
            if entries.contains(where: { $0["digest"]?.stringValue == change.digest.description }) { return }
        }
        let path = Self.recentPath(event.at)
        let entries = try read(path)?["entries"]?.arrayValue ?? []
        let entry: JSONValue = [
            "at": .string(event.at.description), "caller": .string(change.change.proposer),
            "digest": .string(change.digest.description),
            "result": event.body.at("decision", "result") ?? .null,
            "risk": event.body.at("decision", "effective_risk") ?? .null,
        ]
        put(path, ["entries": .array(entries + [entry])])
    }

    /// Drops what no decision can depend on any more.
    private mutating func prune(at instant: Timestamp) throws(LedgerError) {
        for entry in try pending() where entry.expires < instant {
            if try claim(entry.id) == nil { put(Self.pendingPath(entry.id), nil) }
        }
        let oldest = Self.recentPath(instant - Self.retention)
        for name in try names(in: "recent") where "state/recent/\(name)" < oldest {
            put("state/recent/\(name)", nil)
        }
    }
}

extension LedgerState {
    /// The edits as blobs in the repository's object database.
    func blobs() throws(GitError) -> [String: ObjectID?] {
        var blobs: [String: ObjectID?] = [:]
        for (path, content) in edits {
            if let content {
                blobs[path] = .some(try repository.writeBlob(content))
            } else {
                blobs[path] = .some(nil)
            }
        }
        return blobs
    }

    /// The name of the `state` folder's tree after the edits.
    func resultingTree() throws(GitError) -> ObjectID? {
        let root = try repository.edit(tree, try blobs())
        return try repository.entry(at: Self.folder, in: root)?.id
    }
}
