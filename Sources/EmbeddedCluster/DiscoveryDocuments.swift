internal import ChangeModel

/// What the server says of its API (API reference, meta/v1: APIGroupList, APIResourceList).
enum DiscoveryDocuments {
    static func groups(of release: ServerRelease) -> JSONValue {
        let groups = release.groups.map { group -> JSONValue in
            let versions = group.versions.map { version -> JSONValue in
                ["groupVersion": .string("\(group.name)/\(version)"), "version": .string(version)]
            }
            return [
                "name": .string(group.name), "versions": .array(versions), "preferredVersion": versions.first ?? [:],
            ]
        }
        return ["kind": "APIGroupList", "apiVersion": "v1", "groups": .array(groups)]
    }

    static func resources(group: String, version: String) -> JSONValue {
        let resources = ResourceType.allCases.filter { $0.group == group }.flatMap { type -> [JSONValue] in
            let whole: JSONValue = [
                "name": .string(type.rawValue), "singularName": .string(type.kind.lowercased()),
                "namespaced": .bool(type.isNamespaced), "kind": .string(type.kind), "verbs": .strings(type.verbs),
            ]
            let parts = type.subresources.map { part -> JSONValue in
                [
                    "name": .string("\(type.rawValue)/\(part.name)"), "singularName": "",
                    "namespaced": .bool(type.isNamespaced), "kind": .string(part.kind), "verbs": .strings(part.verbs),
                ]
            }
            return [whole] + parts
        }
        return [
            "kind": "APIResourceList", "apiVersion": "v1",
            "groupVersion": .string(group.isEmpty ? version : "\(group)/\(version)"), "resources": .array(resources),
        ]
    }
}

extension ResourceType {
    /// What can be done with it here.
    var verbs: [String] { ["create", "delete", "get", "list", "patch", "update", "watch"] }

    var subresources: [(name: String, kind: String, verbs: [String])] {
        switch self {
        case .deployments: [("scale", "Scale", ["get", "patch", "update"])]
        case .pods: [("eviction", "Eviction", ["create"]), ("log", "Pod", ["get"])]
        default: []
        }
    }
}
