internal import ChangeModel

/// JSON patch (RFC 6902), bounded: at most 500 operations, pointers of at most 64 tokens, results of at most 64 levels.
enum JSONPatch {
    private static let maximumOperations = 500
    private static let maximumDepth = 64
    private static let maximumNodes = 200_000

    static func apply(_ patch: JSONValue, to target: JSONValue) throws(StatusFailure) -> JSONValue {
        guard let operations = patch.arrayValue, operations.allSatisfy({ $0.objectValue != nil }) else {
            throw .badRequest("json: a JSON patch must be a list of operations")
        }
        guard operations.count <= maximumOperations else { throw .bodyTooLarge(limit: maximumOperations) }
        var result = target
        for operation in operations {
            try apply(operation, to: &result)
            var nodes = 0
            guard fits(result, depth: 0, &nodes) else { throw .bodyTooLarge(limit: maximumNodes) }
        }
        return result
    }

    private static func apply(_ operation: JSONValue, to document: inout JSONValue) throws(StatusFailure) {
        let path = try pointer(operation["path"])
        switch operation["op"]?.stringValue {
        case "test":
            guard let value = operation["value"], read(path[...], in: document) == value else {
                throw .patchDoesNotApply
            }
        case "add":
            guard let value = operation["value"] else { throw .patchDoesNotApply }
            document = try edit(document, path[...]) { _ in .set(value, inserting: true) }
        case "replace":
            guard let value = operation["value"] else { throw .patchDoesNotApply }
            document = try edit(document, path[...]) { $0 == nil ? .refuse : .set(value, inserting: false) }
        case "remove": document = try edit(document, path[...]) { $0 == nil ? .refuse : .remove }
        case "copy", "move":
            let source = try pointer(operation["from"])
            guard let value = read(source[...], in: document) else { throw .patchDoesNotApply }
            if operation["op"] == "move" {
                guard !path.starts(with: source) || path == source else { throw .patchDoesNotApply }
                document = try edit(document, source[...]) { $0 == nil ? .refuse : .remove }
            }
            document = try edit(document, path[...]) { _ in .set(value, inserting: true) }
        default: throw .patchDoesNotApply
        }
    }

    /// JSON pointer (RFC 6901).
    private static func pointer(_ value: JSONValue?) throws(StatusFailure) -> [String] {
        guard let text = value?.stringValue, text.isEmpty || text.hasPrefix("/") else { throw .patchDoesNotApply }
        let tokens = text.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        guard tokens.count <= maximumDepth else { throw .patchDoesNotApply }
        return tokens.map { unescape($0) }
    }

    /// `~1` is `/`, `~0` is `~`.
    private static func unescape(_ token: Substring) -> String {
        var text: [UInt8] = []
        var rest = Array(token.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "~"), let code = rest.first, code == UInt8(ascii: "0") || code == UInt8(ascii: "1")
            {
                text.append(code == UInt8(ascii: "0") ? UInt8(ascii: "~") : UInt8(ascii: "/"))
                rest.removeFirst()
            } else {
                text.append(byte)
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    private static func read(_ path: ArraySlice<String>, in value: JSONValue) -> JSONValue? {
        guard let token = path.first else { return value }
        switch value {
        case .object(let members): return members[token].flatMap { read(path.dropFirst(), in: $0) }
        case .array(let elements):
            guard let index = index(token, count: elements.count) else { return nil }
            return read(path.dropFirst(), in: elements[index])
        default: return nil
        }
    }

    private enum Edit {
        case set(JSONValue, inserting: Bool)
        case remove
        case refuse
    }

    private static func edit(
        _ value: JSONValue, _ path: ArraySlice<String>, _ change: (JSONValue?) -> Edit
    ) throws(StatusFailure) -> JSONValue {
        guard let token = path.first else {
            guard case .set(let new, _) = change(value) else { throw .patchDoesNotApply }
            return new
        }
        let isLast = path.count == 1
        switch value {
        case .object(var members):
            if !isLast {
                guard let member = members[token] else { throw .patchDoesNotApply }
                members[token] = try edit(member, path.dropFirst(), change)
                return .object(members)
            }
            switch change(members[token]) {
            case .set(let new, _): members[token] = new
            case .remove: members.removeValue(forKey: token)
            case .refuse: throw .patchDoesNotApply
            }
            return .object(members)
        case .array(var elements):
            if !isLast {
                guard let index = index(token, count: elements.count) else { throw .patchDoesNotApply }
                elements[index] = try edit(elements[index], path.dropFirst(), change)
                return .array(elements)
            }
            let found = index(token, count: elements.count)
            switch change(found.map { elements[$0] }) {
            case .set(let new, true):
                guard let place = token == "-" ? elements.count : index(token, count: elements.count + 1) else {
                    throw .patchDoesNotApply
                }
                elements.insert(new, at: place)
            case .set(let new, false):
                guard let found else { throw .patchDoesNotApply }
                elements[found] = new
            case .remove:
                guard let found else { throw .patchDoesNotApply }
                elements.remove(at: found)
            case .refuse: throw .patchDoesNotApply
            }
            return .array(elements)
        default: throw .patchDoesNotApply
        }
    }

    /// `0` or digits without a leading zero, below `count`.
    private static func index(_ token: String, count: Int) -> Int? {
        guard !token.isEmpty, token.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            token == "0" || !token.hasPrefix("0"), let index = Int(token), index < count
        else { return nil }
        return index
    }

    /// `copy` can double a document with each operation, and nest it.
    private static func fits(_ value: JSONValue, depth: Int, _ nodes: inout Int) -> Bool {
        nodes += 1
        guard depth <= maximumDepth, nodes <= maximumNodes else { return false }
        switch value {
        case .object(let members):
            for member in members.values { guard fits(member, depth: depth + 1, &nodes) else { return false } }
        case .array(let elements):
            for element in elements { guard fits(element, depth: depth + 1, &nodes) else { return false } }
        default: break
        }
        return true
    }
}
