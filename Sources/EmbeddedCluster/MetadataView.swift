internal import ChangeModel
internal import HTTP

/// Objects without what they hold, for clients that ask for it (`as=PartialObjectMetadata` in `Accept`).
struct MetadataView {
    private static let version = "meta.k8s.io/v1"

    /// nil when whole objects are asked for.
    init?(_ request: HTTPRequest) {
        let parameters = (request.header("Accept") ?? "").split(separator: ",").first?.split(separator: ";") ?? []
        guard parameters.contains("as=PartialObjectMetadata") || parameters.contains("as=PartialObjectMetadataList"),
            parameters.contains("g=meta.k8s.io"), parameters.contains("v=v1")
        else { return nil }
    }

    func object(_ object: JSONValue) -> JSONValue {
        [
            "kind": "PartialObjectMetadata", "apiVersion": .string(Self.version), "metadata": object["metadata"] ?? [:],
        ]
    }

    func list(_ list: JSONValue) -> JSONValue {
        [
            "kind": "PartialObjectMetadataList", "apiVersion": .string(Self.version),
            "metadata": list["metadata"] ?? [:],
            "items": .array(
                (list["items"]?.arrayValue ?? []).map { item in
                    ["metadata": item["metadata"] ?? [:]]
                }),
        ]
    }
}
