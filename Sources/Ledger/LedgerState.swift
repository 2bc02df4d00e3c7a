public import ChangeModel
public import Git

/// `state/` in the ledger's tree: what gate, runner and status need to know of the past, so that none of them walks
/// history.
///
///     state/summary.json                              {landed, broken_glass?}: how many changes have landed, and for how
///                                                     many claims the glass was broken
///     state/trust.json                                {version}: the newest trust version that has its event
///     state/pending/<YYYYMMDDhh>/<x>/<id>.json        {digest, landed, sequence, expires, merge_approval?}: landed, not yet
///                                                     executed; by the hour of `expires` and the identifier's last symbol
///     state/claims/<id>.json                          {by, digest, height, lease_end, locks, prepared, at}, of a plan
///                                                     also {steps, changed}
///     state/locks/<64 hex>.json                       {change}: a claim holds this locator
///     state/executions/<2 hex>/<64 hex>.json          {change, height, outcome, rollback_of?}: the last one on this locator
///     state/reviews/<id>.json                         {by, digest, due, excluded, missing, plan, reason, rejected_by,
///                                                     require, since}: ran by broken glass, and lacks approvals
///     state/recent/<YYYYMMDDhh>/<2 hex>/<64 hex>.json {caller, decisions}: decisions of 24 hours, by the hour of the
///                                                     event and the caller; see `RecentDecisions`
///
/// No folder holds more than a fraction of what it could: an event rewrites a few small trees, however much is waiting. The
/// hours are the index of what is due: an event drops the hours before its own, and looks at no others. A pending change
/// whose claim is open stays until the claim is closed.
///
/// It is a function of the previous state, the event, and the landings between the two main commits that the events name:
/// every appender checks it, and `verify` derives it again.
public struct LedgerState {
    /// The ledger's tree that the state is read from. Never changed here.
    private let base: TreeDraft
    /// What is known of `base` already.
    private let memory: LedgerMemory?
    /// Files that differ from `base`; nil: removed.
    private var edits: [String: JSONValue?] = [:]
    /// Whole folders that are removed.
    private var removedFolders: [String] = []

    public init(repository: Repository, tree: ObjectID?) throws(LedgerError) {
        self.init(try reading { () throws(GitError) in try TreeDraft(repository, root: tree) }, memory: nil)
    }

    init(_ base: TreeDraft, memory: LedgerMemory?) {
        self.base = base
        self.memory = memory
    }

    static let folder = "state"
    static let retention = Duration.seconds(24 * 3600)

    // MARK: - Reading

    func read(_ path: String) throws(LedgerError) -> JSONValue? {
        if let edited = edits[path] { return edited }
        if let known = memory?.values[path] { return known }
        let bytes = try reading { () throws(GitError) in try base.file(path) }
        let value = try bytes.map { (bytes) throws(LedgerError) in try parse(bytes, path) }
        memory?.values[path] = .some(value)
        return value
    }

    private func parse(_ bytes: [UInt8], _ path: String) throws(LedgerError) -> JSONValue {
        let limits = JSONLimits(bytes: 1 << 20, depth: 16)
        if let value = JSONValue(evidence: bytes, limits: limits) { return value }
        do {
            return try JSONValue(parsing: bytes, limits: limits)
        } catch {
            throw .notAuthentic("the state cannot be read: \(error)", file: path)
        }
    }

    /// The names in a folder of the state, sorted; with a bound, those that come before it.
    func names(in folder: String, below bound: String? = nil) throws(LedgerError) -> [String] {
        let path = "\(Self.folder)/\(folder)"
        let known = try reading { () throws(GitError) in try base.names(in: path, below: bound) }
        var edited: Set<String> = []
        var removed: Set<String> = []
        for (file, content) in edits where file.hasPrefix(path + "/") {
            let rest = file.dropFirst(path.utf8.count + 1)
            if let slash = rest.firstIndex(of: "/") {
                // A folder below: it is there when something was put into it.
                if content != nil { edited.insert(String(rest[..<slash])) }
            } else if content == nil {
                removed.insert(String(rest))
            } else {
                edited.insert(String(rest))
            }
        }
        if edited.isEmpty, removed.isEmpty { return known }
        let wanted = edited.filter { name in bound.map { name < $0 } ?? true }
        return wanted.union(known).subtracting(removed).sorted()
    }

    func ids(in folder: String) throws(LedgerError) -> [ChangeID] {
        try names(in: folder).compactMap { $0.hasSuffix(".json") ? ChangeID($0.dropLast(5)) : nil }
    }

    /// What waits in one hour's folder.
    private func waiting(hour: String) throws(LedgerError) -> [ChangeID] {
        var found: [ChangeID] = []
        for symbol in try names(in: "pending/\(hour)") { found += try ids(in: "pending/\(hour)/\(symbol)") }
        return found
    }

    private func pending(_ id: ChangeID, hour: String) throws(LedgerError) -> PendingChange? {
        let path = Self.pendingPath(id, hour: hour)
        guard let value = try read(path) else { return nil }
        guard let entry = PendingChange(id: id, json: value) else {
            throw .notAuthentic("the state's entry cannot be read", file: path)
        }
        return entry
    }

    /// Landed changes that were not executed, in landing order. Expired ones stay until their hour is over.
    public func pending() throws(LedgerError) -> [PendingChange] {
        var found: [PendingChange] = []
        for hour in try names(in: "pending") {
            for id in try waiting(hour: hour) {
                if let entry = try pending(id, hour: hour) { found.append(entry) }
            }
        }
        return found.sorted { $0.sequence < $1.sequence }
    }

    /// The entry of a change of which nothing but its identifier is known.
    public func pending(_ id: ChangeID) throws(LedgerError) -> PendingChange? {
        for hour in try names(in: "pending") {
            if let entry = try pending(id, hour: hour) { return entry }
        }
        return nil
    }

    public func pending(_ change: Change) throws(LedgerError) -> PendingChange? {
        try pending(change.id, hour: change.expires.hourText)
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

    /// What the ledger's tree holds about one change.
    func record(of id: ChangeID) throws(LedgerError) -> ChangeRecord { try ChangeRecord(id, in: base, memory) }

    static let summaryPath = "state/summary.json"
    static let trustPath = "state/trust.json"
    private static func pendingPath(_ id: ChangeID, hour: String) -> String {
        "state/pending/\(hour)/\(id.text.suffix(1))/\(id).json"
    }
    static func pendingPath(_ change: Change) -> String { pendingPath(change.id, hour: change.expires.hourText) }
    static func claimPath(_ id: ChangeID) -> String { "state/claims/\(id).json" }
    static func lockPath(_ lock: Digest) -> String { "state/locks/\(lock.hexadecimal).json" }
    static func executionPath(_ lock: Digest) -> String {
        let name = lock.hexadecimal
        return "state/executions/\(name.prefix(2))/\(name).json"
    }

    // MARK: - The transition

    mutating func put(_ path: String, _ value: JSONValue?) {
        edits[path] = .some(value)
    }

    /// Enters what landed on main since the previous event.
    mutating func land(_ landings: [Landing]) throws(LedgerError) {
        guard !landings.isEmpty else { return }
        var count = try read(Self.summaryPath)?["landed"]?.integerValue ?? 0
        for landing in landings {
            count += 1
            let change = landing.change.change
            put(
                Self.pendingPath(change),
                PendingChange(
                    id: change.id, digest: landing.change.digest, landed: landing.commit, sequence: Int(count),
                    expires: change.expires, approval: landing.approval
                ).json)
        }
        var summary = try read(Self.summaryPath)?.objectValue ?? [:]
        summary["landed"] = .integer(count)
        put(Self.summaryPath, .object(summary))
    }

    /// Applies an event. `change` is the change that it is about, where there is one, and `main` the commit that it names.
    mutating func apply(_ event: LedgerEvent, change: SignedChange?, by main: MainState?) throws(LedgerError) {
        switch event.kind {
        case .genesis:
            put(Self.summaryPath, ["landed": 0])
            put(Self.trustPath, ["version": 1])
        case .trust:
            put(Self.trustPath, ["version": event.body["version"] ?? .null])
        case .vote:
            if let change, let main { try review(event, change, by: main) }
        case .decision:
            if let change { try enterDecision(event, change) }
        case .claim:
            guard let reference = event.change else { break }
            // A claim is a decision as well, should nobody have recorded the one before it.
            if let change { try enterDecision(event, change) }
            let claim = OpenClaim(
                id: reference.id, digest: reference.digest, by: event.by, height: event.height, at: event.at,
                leaseEnd: event.leaseEnd ?? event.at, locks: event.locks, steps: event.stepLocks)
            put(Self.claimPath(reference.id), claim.json)
            for lock in claim.locks { put(Self.lockPath(lock), ["change": .string(reference.id.text)]) }
            if let change, let main { try openReview(event, change, by: main) }
        case .preview: break
        case .prepared:
            guard let reference = event.change, var claim = try claim(reference.id) else { break }
            claim.prepared += 1
            if let done = event.body["done"] { claim.changed.append(done["changed"] == .bool(true)) }
            claim.leaseEnd = event.leaseEnd ?? claim.leaseEnd
            put(Self.claimPath(reference.id), claim.json)
        case .execution:
            guard let reference = event.change, let claim = try claim(reference.id) else { break }
            release(claim)
            if let change { put(Self.pendingPath(change.change), nil) }
            enterExecution(event, claim, change)
        case .aborted:
            guard let reference = event.change, let claim = try claim(reference.id) else { break }
            release(claim)
            try dropReview(claim.id)
        case .resolution:
            guard let reference = event.change, let claim = try claim(reference.id) else { break }
            release(claim)
            if let change { put(Self.pendingPath(change.change), nil) }
            enterExecution(event, claim, change)
        }
        try prune(at: event.at)
    }

    /// A read, and what never reached the target, leave the execution before them the latest.
    private mutating func enterExecution(_ event: LedgerEvent, _ claim: OpenClaim, _ change: SignedChange?) {
        for (lock, outcome) in event.changedTargets(of: claim) {
            put(
                Self.executionPath(lock),
                .compact([
                    "change": .string(claim.id.text), "height": .integer(Int64(event.height)),
                    "outcome": outcome.map { .string($0) },
                    "rollback_of": change?.change.rollbackOf.map { .string($0.text) },
                ]))
        }
    }

    private mutating func release(_ claim: OpenClaim) {
        put(Self.claimPath(claim.id), nil)
        for lock in claim.locks { put(Self.lockPath(lock), nil) }
    }

    /// Drops what no decision can depend on any more: whole hours, so that nothing else need be looked at.
    private mutating func prune(at instant: Timestamp) throws(LedgerError) {
        for hour in try names(in: "pending", below: instant.hourText) {
            for id in try waiting(hour: hour) where try read(Self.claimPath(id)) == nil {
                put(Self.pendingPath(id, hour: hour), nil)
            }
        }
        for hour in try names(in: "recent", below: (instant - Self.retention).hourText) {
            removedFolders.append("\(Self.folder)/recent/\(hour)")
        }
    }
}

extension LedgerState {
    /// Enters the edits into a tree, which must be the one that the state was read from, or equal to it.
    func enter(into draft: TreeDraft) throws(GitError) {
        for folder in removedFolders { try draft.remove(folder) }
        for (path, value) in edits {
            if let value { try draft.set(path, value.evidenceBytes) } else { try draft.remove(path) }
        }
    }

    /// Takes note of what the state is from now on, the edits having been entered into the tree that it was read from.
    func remember() {
        guard let memory else { return }
        if !removedFolders.isEmpty { memory.values.removeAll(keepingCapacity: true) }
        for (path, value) in edits { memory.values[path] = .some(value) }
    }

    /// The name of the `state` folder's tree after the edits, if they were made to `previous`. Writes nothing.
    func resultingTree(of previous: ObjectID?, in repository: Repository) throws(GitError) -> ObjectID? {
        let draft = try TreeDraft(repository, root: previous)
        try enter(into: draft)
        return try draft.id(of: Self.folder)
    }
}

extension Timestamp {
    /// `2026112223`: the hour, so that text and time sort alike.
    var hourText: String { String(compact.prefix(10)) }
}
