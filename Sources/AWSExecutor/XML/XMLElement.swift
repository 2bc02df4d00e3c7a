/// An element of an XML document as AWS's answers use them: names without prefixes, no attributes, and either children or
/// text.
struct XMLElement: Hashable, Sendable {
    let name: String
    var children: [XMLElement] = []
    /// Of all pieces of text directly inside, as they stand.
    var text = ""

    /// The first child with that name.
    subscript(name: String) -> XMLElement? { children.first { $0.name == name } }

    /// Down a path of first children.
    func at(_ path: String...) -> XMLElement? {
        var element = self
        for name in path {
            guard let child = element[name] else { return nil }
            element = child
        }
        return element
    }

    func all(_ name: String) -> [XMLElement] { children.filter { $0.name == name } }
}

/// Why bytes are no XML that is read here. The place counts from 1; nothing of the document is quoted.
struct XMLError: Error, Hashable, Sendable {
    let line: Int
    let column: Int
    let reason: String
}
