internal import ChangeModel
internal import Runner

/// What a namespace holds, counted kind by kind over all that the server has, custom resources included. Only metadata is asked
/// for, so that no secret travels.
struct NamespaceInventory {
    struct Entry {
        /// `deployments.apps`.
        let kind: String
        let count: Int64
        /// The first ones.
        let names: [String]
    }

    var entries: [Entry] = []
    /// Kinds that could not be counted, and whole groups whose kinds could not be read.
    var uncounted: [String] = []

    static let namesPerKind = 20
    /// They tell of what happened, or come back by themselves.
    private static let passing: Set<String> = [
        "events", "leases", "endpoints", "endpointslices", "controllerrevisions",
    ]

    static func take(of namespace: String, in session: ClusterSession) throws(ExecutionError) -> NamespaceInventory {
        var inventory = NamespaceInventory()
        let (kinds, unreadable) = try session.discovery.namespacedKinds()
        inventory.uncounted = unreadable
        var seen: Set<String> = []
        // The same kind may be in an old group, too.
        for kind in kinds.sorted(by: { ($0.group == "extensions" ? 1 : 0) < ($1.group == "extensions" ? 1 : 0) })
        where !passing.contains(kind.plural) && seen.insert("\(kind.plural) \(kind.kind)").inserted {
            let name = (kind.group.isEmpty ? kind.plural : "\(kind.plural).\(kind.group)").forMessage()
            do throws(ExecutionError) {
                let (count, names) = try session.client.count(.collection(kind, in: namespace), names: namesPerKind)
                if count > 0 { inventory.entries.append(Entry(kind: name, count: count, names: names)) }
            } catch  where [.refused, .notFound, .unreachable, .invalid].contains(error.code) {
                inventory.uncounted.append(name)
            }
        }
        inventory.entries.sort { $0.kind < $1.kind }
        inventory.uncounted.sort()
        return inventory
    }

    var json: JSONValue {
        .object(
            entries.reduce(into: [:]) { result, entry in
                result[entry.kind] = ["count": .integer(entry.count), "names": .strings(entry.names)]
            })
    }

    /// One line: `2 deployments.apps, 6 pods`.
    var text: String {
        let counts = entries.map { "\($0.count) \($0.kind)" }.joined(separator: ", ")
        let rest = uncounted.isEmpty ? "" : "; not counted: " + uncounted.prefix(20).joined(separator: ", ")
        return (counts.isEmpty ? "nothing" : counts) + rest
    }
}

extension APIClient {
    /// How many objects there are, and the names of the first ones.
    func count(_ address: ResourceAddress, names: Int) throws(ExecutionError) -> (count: Int64, names: [String]) {
        let page = try metadata(of: address, limit: names)
        let items = page["items"]?.arrayValue ?? []
        let rest = max(0, min(page.at("metadata", "remainingItemCount")?.integerValue ?? 0, 1 << 40))
        var count = Int64(items.count) + rest
        // A server that does not say how many are left is asked for all.
        if rest == 0, page.at("metadata", "continue")?.stringValue?.isEmpty == false {
            count = Int64(try list(address).count)
        }
        return (count, items.prefix(names).compactMap { $0.name?.forMessage(limit: 253) })
    }
}
