internal import ChangeModel

/// A Namespace as far as this executor reads it; nil: there is none.
struct NamespaceView {
    let object: JSONValue?

    var stateFields: [String: JSONValue] {
        [
            "exists": .bool(object != nil),
            "phase": object?.at("status", "phase")?.stringValue.map { .string($0.forMessage(limit: 20)) } ?? .null,
        ]
    }

    /// What still keeps it, by the reasons of its conditions; words only.
    var holdups: [String] {
        (object?.at("status", "conditions")?.arrayValue ?? []).filter { $0["status"] == "True" }
            .compactMap { $0["type"]?.stringValue }
            .filter { $0.utf8.allSatisfy { byte in (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20) } }
    }
}
