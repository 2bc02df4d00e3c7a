internal import ChangeModel

/// The `labelSelector` parameter: requirements joined by commas, all of which must hold.
struct LabelSelector {
    enum Requirement {
        case isIn(String, Set<String>)
        /// Also true without the label.
        case isNotIn(String, Set<String>)
        case exists(String)
        case doesNotExist(String)
    }

    let requirements: [Requirement]

    func matches(_ object: JSONValue) -> Bool {
        let labels = object.at("metadata", "labels")?.objectValue ?? [:]
        func value(_ key: String) -> String? { labels[key]?.stringValue }
        return requirements.allSatisfy { requirement in
            switch requirement {
            case .isIn(let key, let values): value(key).map(values.contains) ?? false
            case .isNotIn(let key, let values): value(key).map { !values.contains($0) } ?? true
            case .exists(let key): labels[key] != nil
            case .doesNotExist(let key): labels[key] == nil
            }
        }
    }

    init(_ text: String) throws(StatusFailure) {
        var tokens = Self.tokens(text)[...]
        var requirements: [Requirement] = []
        while !tokens.isEmpty {
            requirements.append(try Self.requirement(&tokens))
            guard let next = tokens.popFirst() else { break }
            guard next == ",", !tokens.isEmpty else {
                throw Self.fault(found: next, expected: "',' or 'end of string'")
            }
        }
        self.requirements = requirements
    }

    private static func requirement(_ tokens: inout ArraySlice<String>) throws(StatusFailure) -> Requirement {
        if tokens.first == "!" {
            tokens.removeFirst()
            return .doesNotExist(try identifier(&tokens))
        }
        let key = try identifier(&tokens)
        switch tokens.first {
        case nil, ",": return .exists(key)
        case "=", "==", "!=":
            let isEqual = tokens.removeFirst() != "!="
            // The value may be empty.
            let value = tokens.first == nil || tokens.first == "," ? "" : try identifier(&tokens)
            return isEqual ? .isIn(key, [value]) : .isNotIn(key, [value])
        case "in", "notin":
            let isIn = tokens.removeFirst() == "in"
            let values = try list(&tokens)
            return isIn ? .isIn(key, values) : .isNotIn(key, values)
        case let other?:
            throw fault(found: other, expected: "in, notin, =, ==, !=, gt, lt")
        }
    }

    private static func list(_ tokens: inout ArraySlice<String>) throws(StatusFailure) -> Set<String> {
        let open = tokens.popFirst()
        guard open == "(" else { throw fault(found: open ?? "", expected: "'('") }
        var values: Set<String> = []
        while true {
            values.insert(try identifier(&tokens))
            let next = tokens.popFirst()
            if next == ")" { return values }
            guard next == "," else { throw fault(found: next ?? "", expected: "',' or ')'") }
        }
    }

    private static func identifier(_ tokens: inout ArraySlice<String>) throws(StatusFailure) -> String {
        let token = tokens.popFirst() ?? ""
        guard let first = token.utf8.first, !isSymbol(first) else { throw fault(found: token, expected: "identifier") }
        return token
    }

    private static func fault(found: String, expected: String) -> StatusFailure {
        .badRequest("unable to parse requirement: found '\(found)', expected: \(expected)")
    }

    private static func isSymbol(_ byte: UInt8) -> Bool { "=!(),<>".utf8.contains(byte) }

    private static func tokens(_ text: String) -> [String] {
        var tokens: [String] = []
        var word: [UInt8] = []
        var rest = Array(text.utf8)[...]
        func flush() {
            if !word.isEmpty { tokens.append(String(decoding: word, as: UTF8.self)) }
            word = []
        }
        while let byte = rest.popFirst() {
            if byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D {
                flush()
            } else if isSymbol(byte) {
                flush()
                let isPair = "=!".utf8.contains(byte) && rest.first == UInt8(ascii: "=")
                if isPair { rest.removeFirst() }
                tokens.append(String(decoding: isPair ? [byte, UInt8(ascii: "=")] : [byte], as: UTF8.self))
            } else {
                word.append(byte)
            }
        }
        flush()
        return tokens
    }
}

/// The `fieldSelector` parameter: `path=value`, `path==value` or `path!=value`, joined by commas.
struct FieldSelector {
    private let terms: [(path: String, value: String, isEqual: Bool)]

    init(_ text: String, for type: ResourceType) throws(StatusFailure) {
        var terms: [(path: String, value: String, isEqual: Bool)] = []
        for term in text.split(separator: ",") {
            guard let sign = term.firstIndex(of: "=") else {
                throw .badRequest("invalid selector: '\(term)'; can't understand '\(term)'")
            }
            var path = term[..<sign]
            let isEqual = path.last != "!"
            if !isEqual { path = path.dropLast() }
            var value = term[term.index(after: sign)...]
            if value.first == "=" { value = value.dropFirst() }
            guard Self.paths(of: type).contains(String(path)) else {
                throw .badRequest(
                    type == .deployments || type == .configmaps || type == .horizontalpodautoscalers
                        ? "\"\(path)\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\""
                        : "field label not supported: \(path)")
            }
            terms.append((String(path), String(value), isEqual))
        }
        self.terms = terms
    }

    func matches(_ object: JSONValue) -> Bool {
        terms.allSatisfy { term in
            var value: JSONValue? = object
            for name in term.path.split(separator: ".") { value = value?[String(name)] }
            let text: String =
                switch value {
                case .string(let text)?: text
                case nil: term.path == "spec.unschedulable" ? "false" : ""
                case let other?: other.canonicalText
                }
            return (text == term.value) == term.isEqual
        }
    }

    private static func paths(of type: ResourceType) -> Set<String> {
        let names: Set<String> = ["metadata.name", "metadata.namespace"]
        switch type {
        case .pods:
            return names.union([
                "spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName",
                "spec.hostNetwork", "status.phase", "status.podIP", "status.nominatedNodeName",
            ])
        case .nodes: return names.union(["spec.unschedulable"])
        case .namespaces: return names.union(["status.phase"])
        case .replicasets: return names.union(["status.replicas"])
        case .secrets: return names.union(["type"])
        default: return names
        }
    }
}
