internal import ChangeModel
internal import Runner

/// Values that must not be seen, recorded so that two records can be compared.
enum DataDigests {
    /// Keyed hashes by name, each made with its name, so that equal values have different hashes.
    static func of(
        _ object: JSONValue?, members: [String], key: EvidenceKey
    ) throws(ExecutionError) -> [String: JSONValue] {
        var digests: [String: JSONValue] = [:]
        for member in members {
            for (name, value) in object?[member]?.objectValue ?? [:] {
                let entry: JSONValue = [.string(name), .string(value.stringValue ?? "")]
                digests[name] = .string(try key.code(of: entry.canonicalBytes))
            }
        }
        return digests
    }
}
