internal import ChangeModel
internal import YAML

/// Reads values out of one kubeconfig's tree, and says where something is wrong.
struct KubeconfigReader {
    let file: String

    func place(_ mark: YAMLMark) -> FilePlace {
        FilePlace(file: file, line: mark.line, column: mark.column)
    }

    func error(_ message: String, _ mark: YAMLMark) -> AccessError {
        AccessError(.malformed, message, at: place(mark))
    }

    /// The members of a mapping; none for nothing at all.
    func members(_ node: YAMLNode, _ what: String) throws(AccessError) -> [String: YAMLNode] {
        if case .mapping(let pairs) = node.kind {
            // The parser lets no key stand twice.
            return Dictionary(pairs.map { ($0.key, $0.value) }) { first, _ in first }
        }
        if node.scalar == .null { return [:] }
        throw error("`\(what)` must be a mapping", node.mark)
    }

    func elements(_ node: YAMLNode?, _ what: String) throws(AccessError) -> [YAMLNode] {
        guard let node, node.scalar != .null else { return [] }
        guard case .sequence(let elements) = node.kind else { throw error("`\(what)` must be a list", node.mark) }
        return elements
    }

    /// nil for what is not there and for an empty text, which kubectl takes alike.
    func text(_ node: YAMLNode?, _ what: String) throws(AccessError) -> String? {
        guard let node else { return nil }
        switch node.scalar {
        case .null: return nil
        case .string(let text):
            guard !text.utf8.contains(0) else { throw error("`\(what)` holds a NUL", node.mark) }
            return text.isEmpty ? nil : text
        case .none: throw error("`\(what)` must be a text", node.mark)
        default: throw error("`\(what)` must be a text; put it in quotes", node.mark)
        }
    }

    func flag(_ node: YAMLNode?, _ what: String) throws(AccessError) -> Bool {
        guard let node else { return false }
        switch node.scalar {
        case .null: return false
        case .bool(let flag): return flag
        default: throw error("`\(what)` must be `true` or `false`", node.mark)
        }
    }

    func texts(_ node: YAMLNode?, _ what: String) throws(AccessError) -> [String] {
        var texts: [String] = []
        for element in try elements(node, what) {
            guard case .string(let text) = element.scalar, !text.utf8.contains(0) else {
                throw error("`\(what)` must be a list of texts; put them in quotes", element.mark)
            }
            texts.append(text)
        }
        return texts
    }

    /// A list of named entries: `- name: …` and the entry itself under `key`.
    func entries<Entry>(
        _ node: YAMLNode?, list: String, key: String,
        read: ([String: YAMLNode], YAMLMark) throws(AccessError) -> Entry
    ) throws(AccessError) -> [String: Entry] {
        var entries: [String: Entry] = [:]
        for element in try elements(node, list) {
            let outer = try members(element, list)
            guard let name = try text(outer["name"], "name") else {
                throw error("an entry of `\(list)` has no `name`", element.mark)
            }
            let mark = outer[key]?.mark ?? element.mark
            let inner = try outer[key].map { (node) throws(AccessError) in try members(node, key) } ?? [:]
            guard entries.updateValue(try read(inner, mark), forKey: name) == nil else {
                throw error("`\(list)` has two entries `\(name.forMessage())`; rename or remove one", element.mark)
            }
        }
        return entries
    }

    /// Any value, for what is handed on unread.
    func json(_ node: YAMLNode) throws(AccessError) -> JSONValue {
        switch node.kind {
        case .sequence(let elements):
            var values: [JSONValue] = []
            for element in elements { values.append(try json(element)) }
            return .array(values)
        case .mapping(let pairs):
            var members: [String: JSONValue] = [:]
            for pair in pairs { members[pair.key] = try json(pair.value) }
            return .object(members)
        case .scalar:
            switch node.scalar {
            case .bool(let flag): return .bool(flag)
            case .integer(let number): return .integer(number)
            case .float(let number) where number.isFinite: return .number(number)
            case .string(let text): return .string(text)
            case .null, .none: return .null
            case .float, .oversizedInteger: throw error("this number has no place in JSON; put it in quotes", node.mark)
            }
        }
    }
}
