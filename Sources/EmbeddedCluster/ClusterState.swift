internal import ChangeModel

/// All objects at one moment: a value, so that a request either replaces it whole or leaves it alone.
struct ClusterState: Sendable {
    private(set) var objects: [ObjectKey: JSONValue] = [:]
    /// Objects of kinds that are not served; kept for the file.
    var unserved: [JSONValue] = []
    /// The newest version; only ever grows.
    private(set) var resourceVersion: Int64 = 1
    /// Reads since a rollout last moved, by `uid`. Not in the file: it is no object's state.
    var idleReads: [String: Int] = [:]

    /// Deployments that were written to and not read since: their controllers have not had the time to see it. Not in the
    /// file, either.
    var unseen: Set<ObjectKey> = []

    /// Objects that are told to go, and how often they were read since; Pods that were started in the place of others and are
    /// not ready yet. Not in the file, either.
    var endings: [ObjectKey: Int] = [:]
    var replacements: Set<ObjectKey> = []

    /// What was changed lately, oldest first, for watches. Not in the file, either.
    private var changes: [ObjectChange] = []
    /// Every change after this version is in `changes`.
    private var rememberedSince: Int64 = 1

    private static let rememberedChanges = 1000

    /// Keeps every sum of counters far from 64 bits.
    static let largestCounter: Int64 = 1 << 53

    subscript(key: ObjectKey) -> JSONValue? { objects[key] }

    /// Stores an object as the file gave it.
    mutating func load(_ key: ObjectKey, _ object: JSONValue) {
        objects[key] = object
        raise(to: object.at("metadata", "resourceVersion")?.stringValue)
    }

    mutating func raise(to version: String?) {
        guard let version, let number = Int64(version), number < Self.largestCounter else { return }
        resourceVersion = max(resourceVersion, number)
    }

    /// Stores an object under a new version. One that does not differ from what is there keeps its version.
    @discardableResult
    mutating func put(_ key: ObjectKey, _ object: JSONValue) -> JSONValue {
        if let present = objects[key] {
            if present == object { return present }
            var candidate = object
            candidate.setMetadata("resourceVersion", present.at("metadata", "resourceVersion"))
            if candidate == present { return present }
        }
        resourceVersion += 1
        var object = object
        object.setMetadata("resourceVersion", .string(String(resourceVersion)))
        remember(ObjectChange(key: key, version: resourceVersion, before: objects[key], after: object))
        objects[key] = object
        return object
    }

    mutating func remove(_ key: ObjectKey) {
        guard let object = objects.removeValue(forKey: key) else { return }
        resourceVersion += 1
        remember(ObjectChange(key: key, version: resourceVersion, before: object, after: nil))
    }

    private mutating func remember(_ change: ObjectChange) {
        changes.append(change)
        guard changes.count > Self.rememberedChanges else { return }
        rememberedSince = changes.removeFirst().version
    }

    /// What came before is what the file says, and nobody can follow it.
    mutating func forgetChanges() {
        changes = []
        rememberedSince = resourceVersion
    }

    /// - Returns: what was changed after `version`, oldest first; nil when that is not remembered.
    func changes(after version: Int64) -> ArraySlice<ObjectChange>? {
        guard version >= rememberedSince else { return nil }
        return changes[(changes.firstIndex { $0.version > version } ?? changes.endIndex)...]
    }

    /// - Parameter namespace: nil for all.
    func keys(
        _ type: ResourceType, namespace: String? = nil, where matches: (JSONValue) -> Bool = { _ in true }
    ) -> [ObjectKey] {
        objects.filter {
            $0.key.type == type && (namespace == nil || $0.key.namespace == namespace) && matches($0.value)
        }
        .keys.sorted()
    }

    /// A `uid` in the usual form, the same for the same cluster content: nothing here is random.
    func makeUID(_ key: ObjectKey) -> String {
        Self.uid("\(resourceVersion) \(key.type.rawValue) \(key.namespace)/\(key.name)")
    }

    static func uid(_ seed: String) -> String {
        let digits = Array(Digest(of: Array(seed.utf8)).hexadecimal.utf8)
        func part(_ range: Range<Int>) -> String { String(decoding: digits[range], as: UTF8.self) }
        return "\(part(0..<8))-\(part(8..<12))-4\(part(13..<16))-8\(part(17..<20))-\(part(20..<32))"
    }

    /// A v1 List, as `kubectl get -o json` prints.
    var list: JSONValue {
        [
            "apiVersion": "v1", "kind": "List",
            "metadata": ["resourceVersion": .string(String(resourceVersion))],
            "items": .array(objects.keys.sorted().compactMap { objects[$0] } + unserved),
        ]
    }
}

/// One object before and after a change; nil: it was not there.
struct ObjectChange: Sendable {
    let key: ObjectKey
    let version: Int64
    let before: JSONValue?
    let after: JSONValue?
}

extension JSONValue {
    /// Sets a member of `metadata`; nil removes it.
    mutating func setMetadata(_ name: String, _ value: JSONValue?) {
        var metadata = self["metadata"] ?? [:]
        metadata[name] = value
        self["metadata"] = metadata
    }

    /// A count or generation from outside: an integer from 0 to 2^53, else nil.
    var boundedCounter: Int64? {
        guard let number = integerValue, number >= 0, number <= ClusterState.largestCounter else { return nil }
        return number
    }
}
