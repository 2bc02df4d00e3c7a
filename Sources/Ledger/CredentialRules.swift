internal import ChangeModel

extension EventRules {
    /// The longest `scope` of a recorded credential, in bytes of canonical JSON.
    private static let maximumScope = 16 << 10

    /// A preparation that says by which credentials the target will be changed says of each its backend's name, its type, its
    /// scope and, where that is known, its end, and nothing else: there is no place in the record where a secret would belong.
    func checkCredentials() throws(LedgerError) {
        guard let member = event.body["credentials"] else { return }
        guard let records = member.arrayValue, (1...64).contains(records.count), records.allSatisfy(Self.isRecord)
        else {
            throw .notAuthentic(
                "a recorded credential has a backend, a type, a scope and perhaps an end, and nothing else")
        }
    }

    private static func isRecord(_ record: JSONValue) -> Bool {
        guard let members = record.objectValue, let backend = members["backend"]?.stringValue,
            Identifier.isName(backend), let type = members["type"]?.stringValue, (1...100).contains(type.utf8.count),
            let scope = members["scope"], scope.objectValue != nil, scope.canonicalBytes.count <= maximumScope
        else { return false }
        guard let expires = members["expires"] else { return members.count == 3 }
        return members.count == 4 && expires.stringValue.flatMap { Timestamp($0) } != nil
    }
}
