internal import ChangeModel
internal import Runner

/// A kind as the server lists it.
struct ServedResource: Hashable {
    let group: String
    let version: String
    let plural: String
    let kind: String
}

/// Which versions of the API this server has. Asked once, and kept for as long as the executor lives: one request for all
/// groups (`/apis`), and one for each group whose kinds are wanted.
final class Discovery {
    private let client: APIClient
    /// By group, the server's preferred version first.
    private var groups: [String: [String]]?

    init(client: APIClient) { self.client = client }

    /// The versions of one group, the preferred one first; empty when the server does not have the group.
    func versions(of group: String) throws(ExecutionError) -> [String] { try all()[group] ?? [] }

    /// The first of `wanted` that the server has.
    ///
    /// - Throws: `unsupported` when it has none of them.
    func version(of group: String, among wanted: [String]) throws(ExecutionError) -> String {
        let served = try versions(of: group)
        guard let version = wanted.first(where: served.contains) else {
            let found =
                served.isEmpty ? "none" : served.prefix(8).map { $0.forMessage(limit: 20) }.joined(separator: ", ")
            throw ExecutionError(
                code: .unsupported,
                message: "the server has no version of `\(group)` that this version knows: it has \(found), known are "
                    + wanted.joined(separator: ", "))
        }
        return version
    }

    /// Namespaced kinds that can be listed and deleted, of the preferred version of every group, each kind once.
    ///
    /// - Returns: with them the groups whose kinds could not be read, such as those of an aggregated server that is down.
    func namespacedKinds() throws(ExecutionError) -> (kinds: [ServedResource], unreadable: [String]) {
        var (kinds, unreadable) = ([ServedResource](), [String]())
        let groups = [("", "v1")] + (try all().compactMap { group, versions in versions.first.map { (group, $0) } })
        guard groups.count <= Self.maximumGroups else {
            throw ExecutionError(code: .refused, message: "the server has more than \(Self.maximumGroups) groups")
        }
        for (group, version) in groups.sorted(by: { $0 < $1 }) {
            do throws(ExecutionError) {
                kinds += Self.kinds(
                    in: try client.get(.resources(group: group, version: version)), group: group, version: version)
            } catch  where error.code == .unreachable || error.code == .notFound {
                unreadable.append("\(group)/\(version)".forMessage())
            }
        }
        return (kinds, unreadable)
    }

    private static let maximumGroups = 300

    private static func kinds(in list: JSONValue, group: String, version: String) -> [ServedResource] {
        (list["resources"]?.arrayValue ?? []).compactMap { resource in
            let verbs = Set((resource["verbs"]?.arrayValue ?? []).compactMap(\.stringValue))
            guard resource["namespaced"]?.boolValue == true, verbs.isSuperset(of: ["list", "delete"]),
                let plural = resource["name"]?.stringValue, ResourceName.isSubdomain(plural),
                let kind = resource["kind"]?.stringValue
            else { return nil }
            return ServedResource(group: group, version: version, plural: plural, kind: kind)
        }
    }

    private func all() throws(ExecutionError) -> [String: [String]] {
        if let groups { return groups }
        var found: [String: [String]] = [:]
        for group in (try client.get(.groups))["groups"]?.arrayValue ?? [] {
            guard let name = group["name"]?.stringValue, ResourceName.isSubdomain(name) else { continue }
            var versions = (group["versions"]?.arrayValue ?? []).compactMap { $0["version"]?.stringValue }
                .filter(ResourceName.isLabel)
            if let preferred = group.at("preferredVersion", "version")?.stringValue, versions.contains(preferred) {
                versions = [preferred] + versions.filter { $0 != preferred }
            }
            found[name] = versions
        }
        groups = found
        return found
    }
}
