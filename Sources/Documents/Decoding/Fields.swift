internal import YAML

/// A cursor over one mapping: readers ask for keys by name and type; what nobody asked for is unknown, and refused.
final class Fields {
    let reader: DocumentReader
    let mark: YAMLMark
    /// What the mapping is, for messages: `a rule`.
    let noun: String
    private let pairs: [YAMLPair]
    private let requiresValues: Bool
    private var asked: [String] = []

    /// - Parameter requiresValues: an optional key with nothing behind it is refused. Where a missing key means less
    ///   restriction, a forgotten value must not; `null` written out still does.
    init(_ reader: DocumentReader, _ pairs: [YAMLPair], mark: YAMLMark, noun: String, requiresValues: Bool = false) {
        self.reader = reader
        self.pairs = pairs
        self.mark = mark
        self.noun = noun
        self.requiresValues = requiresValues
    }

    func required<Value: Sendable>(_ key: String, _ type: FieldType<Value>) -> Value {
        guard let pair = pair(key) else {
            reader.report(mark, "\(noun) needs the key `\(key)`, which is missing")
            return type.placeholder
        }
        if pair.value.scalar == .null {
            reader.report(pair.value.mark, "`\(key)` has no value: expected \(type.expectation())")
            return type.placeholder
        }
        return type.read(pair.value, reader, requiresValues) ?? type.placeholder
    }

    func optional<Value: Sendable>(_ key: String, _ type: FieldType<Value>) -> Value? {
        guard let pair = pair(key) else { return nil }
        if pair.value.scalar == .null {
            if requiresValues, case .scalar("", _) = pair.value.kind {
                reader.report(pair.keyMark, "`\(key)` has no value", advice: "give it one, or leave the key out")
            }
            return nil
        }
        return type.read(pair.value, reader, requiresValues) ?? type.placeholder
    }

    /// A mapping that is on when its key is there, with nothing behind it too; only `null` written out is off.
    func section<Value: Sendable>(_ key: String, _ type: FieldType<Value>) -> Value? {
        if let value = optional(key, type) { return value }
        guard let value = pairs.first(where: { $0.key == key })?.value, case .scalar("", _) = value.kind else {
            return nil
        }
        return type.placeholder
    }

    /// A key of the format that this version does not act on, and so must not pass over.
    func refuse(_ key: String) {
        guard let pair = pair(key) else { return }
        reader.report(pair.keyMark, "`\(key)` is not supported by this version", advice: "remove it")
    }

    /// Accepts a key whatever its value, without reading it; returns whether it is there.
    func ignore(_ key: String) -> Bool { pair(key) != nil }

    func report(_ key: String, _ message: String, advice: String? = nil, hidesLine: Bool = false) {
        reader.report(valueMark(key), message, advice: advice, hidesLine: hidesLine)
    }

    /// Where the value of `key` starts; the mapping's own place when the key is missing.
    func valueMark(_ key: String) -> YAMLMark { pairs.first { $0.key == key }?.value.mark ?? mark }

    /// Where the value of `inner` starts in the mapping behind `key`.
    func valueMark(_ key: String, _ inner: String) -> YAMLMark? {
        guard case .mapping(let inners)? = pairs.first(where: { $0.key == key })?.value.kind else { return nil }
        return inners.first { $0.key == inner }?.value.mark
    }

    /// Where a value starts in one mapping of the list behind `key`: that of the key `inner`, or of `innermost` in the mapping
    /// behind it.
    func valueMark(_ key: String, entry: Int, _ inner: String, _ innermost: String?) -> YAMLMark? {
        guard case .sequence(let nodes)? = pairs.first(where: { $0.key == key })?.value.kind,
            nodes.indices.contains(entry), case .mapping(let inners) = nodes[entry].kind,
            let found = inners.first(where: { $0.key == inner })?.value
        else { return nil }
        guard let innermost, case .mapping(let last) = found.kind else { return found.mark }
        return last.first { $0.key == innermost }?.value.mark ?? found.mark
    }

    func refuseOthers() {
        for pair in pairs where !asked.contains(pair.key) {
            // The advice is costly, and what is beyond the bound is only counted.
            let advice = reader.isFull ? "" : Suggestion.advice(for: pair.key, among: asked)
            // A misspelt `signing_key` is unknown too, and `signing_key:value`, without the blank, has the secret in the key.
            let name = reader.hidesSecrets ? pair.key.prefix { $0 != ":" } : pair.key[...]
            reader.report(
                pair.keyMark, "\(noun) has no key `\(EscapedText.bounded(name))`",
                advice: advice ?? "known: \(asked.joined(separator: ", "))", hidesLine: reader.hidesSecrets)
        }
    }

    private func pair(_ key: String) -> YAMLPair? {
        asked.append(key)
        return pairs.first { $0.key == key }
    }
}
