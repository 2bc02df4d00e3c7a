/// Builds the tree from events, with a stack of its own in place of recursion.
struct TreeBuilder {
    private let limits: YAMLLimits
    private var stack: [Collection] = []
    private var root: YAMLNode?
    private var nodes = 0

    init(limits: YAMLLimits) {
        self.limits = limits
    }

    mutating func build(_ parser: EventParser) throws(YAMLError) -> YAMLNode {
        while true {
            switch try parser.next() {
            case .other: continue
            case .documentStart(let mark, let hasDirectives):
                guard root == nil else {
                    throw YAMLError(
                        mark: mark, message: "a second document", advice: "keep one document a file, without `---`")
                }
                guard !hasDirectives else {
                    throw YAMLError(mark: mark, message: "directives are not allowed", advice: "remove the `%` line")
                }
            case .alias(let mark):
                throw YAMLError(mark: mark, message: "aliases are not allowed", advice: "write the value out")
            case .scalar(let mark, let properties, let text, let style):
                try admit(mark, properties)
                try add(YAMLNode(kind: .scalar(text, style), mark: mark))
            case .sequenceStart(let mark, let properties):
                try open(Collection(mark: mark, isMapping: false), properties)
            case .mappingStart(let mark, let properties):
                try open(Collection(mark: mark, isMapping: true), properties)
            case .collectionEnd:
                if let collection = stack.popLast() { try add(collection.node) }
            case .streamEnd:
                guard let root else {
                    throw YAMLError(mark: .start, message: "the file holds no document, only blanks or comments")
                }
                return root
            }
        }
    }

    private mutating func admit(_ mark: YAMLMark, _ properties: Event.Properties) throws(YAMLError) {
        guard !properties.hasAnchor else {
            throw YAMLError(mark: mark, message: "anchors are not allowed", advice: "write the value out")
        }
        guard !properties.hasTag else {
            throw YAMLError(mark: mark, message: "tags are not allowed", advice: "remove the `!…` before the value")
        }
        nodes += 1
        guard nodes <= limits.nodes else { throw YAMLError(mark: mark, message: "more than \(limits.nodes) values") }
    }

    private mutating func open(_ collection: Collection, _ properties: Event.Properties) throws(YAMLError) {
        try admit(collection.mark, properties)
        if let parent = stack.last, parent.isMapping, parent.key == nil {
            throw YAMLError(
                mark: collection.mark, message: "a key that is a list or a mapping",
                advice: "keys are plain words; quote text that starts with `[` or `{`")
        }
        guard stack.count < limits.depth else {
            throw YAMLError(mark: collection.mark, message: "nested deeper than \(limits.depth) levels")
        }
        stack.append(collection)
    }

    private mutating func add(_ node: YAMLNode) throws(YAMLError) {
        if stack.isEmpty {
            root = node
        } else {
            try stack[stack.count - 1].add(node)
        }
    }
}

/// A list or mapping that is not closed yet.
private struct Collection {
    let mark: YAMLMark
    let isMapping: Bool
    var key: (text: String, mark: YAMLMark)?
    private var elements: [YAMLNode] = []
    private var pairs: [YAMLPair] = []
    private var keys = KeySet()

    init(mark: YAMLMark, isMapping: Bool) {
        self.mark = mark
        self.isMapping = isMapping
    }

    var node: YAMLNode { YAMLNode(kind: isMapping ? .mapping(pairs) : .sequence(elements), mark: mark) }

    mutating func add(_ node: YAMLNode) throws(YAMLError) {
        guard isMapping else {
            elements.append(node)
            return
        }
        if let key {
            pairs.append(YAMLPair(key: key.text, keyMark: key.mark, value: node))
            self.key = nil
        } else if case .scalar(let text, _) = node.kind {
            try checkKey(text, at: node.mark)
            key = (text, node.mark)
        }
    }

    private mutating func checkKey(_ text: String, at mark: YAMLMark) throws(YAMLError) {
        guard !text.isEmpty else { throw YAMLError(mark: mark, message: "an empty key") }
        guard text != "<<" else {
            throw YAMLError(mark: mark, message: "merge keys are not allowed", advice: "write the keys out")
        }
        if let index = keys.insert(text) {
            let first = pairs[index]
            let name = String(first.key.prefix(60))
            let place = "in line \(first.keyMark.line)"
            if first.key.utf8.elementsEqual(text.utf8) {
                throw YAMLError(
                    mark: mark, message: "the key `\(name)` stands twice, first \(place)",
                    advice: "remove one of the two")
            }
            let difference = first.key == text ? "only in its Unicode form" : "only in upper and lower case"
            throw YAMLError(
                mark: mark, message: "the key differs \(difference) from `\(name)` \(place)",
                advice: "remove one of the two, or give it another name")
        }
    }
}

/// The keys of one mapping, in order. Equal are those that differ only in case or Unicode form: `String` compares and
/// hashes by canonical equivalence.
private struct KeySet {
    private var keys: [String] = []
    /// Where each key is; made only for mappings of more keys than a walk over them is good for.
    private var places: [String: Int] = [:]

    /// Where an equal key already is; nil for a new one.
    mutating func insert(_ text: String) -> Int? {
        let key = Self.fold(text)
        if keys.count < 16 {
            if let place = keys.firstIndex(of: key) { return place }
        } else {
            if places.isEmpty { places = Dictionary(uniqueKeysWithValues: zip(keys, keys.indices)) }
            if let place = places[key] { return place }
            places[key] = keys.count
        }
        keys.append(key)
        return nil
    }

    private static func fold(_ text: String) -> String {
        // Nearly every key is in lower case, and then it is its own.
        let isFolded = text.utf8.allSatisfy { $0 < 0x80 && !(UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) }
        if isFolded { return text }
        // Upper case first, so that letters with several lower-case forms (ß and ss, ς and σ) meet.
        return text.utf8.allSatisfy { $0 < 0x80 } ? text.lowercased() : text.uppercased().lowercased()
    }
}
