internal import ChangeModel

/// Reads changes of the most common form without a YAML parser: each value a plain word, a number, or a quoted text of
/// printable ASCII without escapes.
///
/// What is read is a change only if its canonical emission is the file, byte for byte: since every change is what the YAML
/// parser reads off its own emission, the parser would read the same. Everything else is left to it, faults above all.
struct PlainChange {
    private let bytes: UnsafeBufferPointer<UInt8>
    private var position = 0

    /// - Returns: nil for a file that the YAML parser must read, or refuse.
    static func read(_ bytes: [UInt8]) -> Change? {
        let change = bytes.withUnsafeBufferPointer { bytes -> Change? in
            var reader = PlainChange(bytes: bytes)
            return reader.change()
        }
        guard let change, ChangeDocument.canonicalBytes(change) == bytes, CanonicalChange(change).problems.isEmpty
        else {
            return nil
        }
        return change
    }

    private init(bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

    private mutating func change() -> Change? {
        guard skip("apiVersion: agentsafe/v1\nkind: Change\nrepository: "), let repository = word(), skip("id: "),
            let id = word().flatMap({ ChangeID($0) }), skip("proposer: "), let proposer = word(), let steps = steps(),
            skip("reason: "), let reason = word()
        else { return nil }
        var (ticket, rollback): (String?, ChangeID?)
        if skip("ticket: ") {
            ticket = word()
            if ticket == nil { return nil }
        }
        guard skip("created: "), let created = word().flatMap({ Timestamp($0) }), skip("expires: "),
            let expires = word().flatMap({ Timestamp($0) })
        else { return nil }
        var delegation: [String] = []
        if skip("delegation: ") {
            guard let tokens = tokens() else { return nil }
            delegation = tokens
        }
        if skip("rollback_of: ") {
            rollback = word().flatMap { ChangeID($0) }
            if rollback == nil { return nil }
        }
        guard position == bytes.count else { return nil }
        return Change(
            repository: repository, id: id, proposer: proposer,
            steps: steps, reason: reason, ticket: ticket, created: created, expires: expires, delegation: delegation,
            rollbackOf: rollback)
    }

    /// One step without indentation, or the list behind `steps:`.
    private mutating func steps() -> [ChangeStep]? {
        guard skip("steps:\n") else {
            return skip("action: ") ? step(indent: "").map { [$0] } : nil
        }
        var steps: [ChangeStep] = []
        while skip("  - action: ") {
            guard let step = step(indent: "    ") else { return nil }
            steps.append(step)
        }
        return steps.count < 2 ? nil : steps
    }

    /// What follows `action: `.
    private mutating func step(indent: StaticString) -> ChangeStep? {
        guard let action = word(), skip(indent), skip("target: "), let target = word(), skip(indent), skip("params:"),
            let parameters = parameters(indent)
        else { return nil }
        return ChangeStep(action: action, target: target, parameters: parameters)
    }

    private mutating func skip(_ text: StaticString) -> Bool {
        let count = text.utf8CodeUnitCount
        guard position + count <= bytes.count else { return false }
        for index in 0..<count where bytes[position + index] != text.utf8Start[index] { return false }
        position += count
        return true
    }

    /// Two blanks behind the indentation: nothing is skipped where they are not both there.
    private mutating func skip(param indent: StaticString) -> Bool {
        let start = position
        if skip(indent), skip("  ") { return true }
        position = start
        return false
    }

    /// The rest of the line.
    private mutating func line() -> UnsafeBufferPointer<UInt8>? {
        let start = position
        while position < bytes.count {
            let byte = bytes[position]
            if byte == UInt8(ascii: "\n") {
                position += 1
                return UnsafeBufferPointer(rebasing: bytes[start..<position - 1])
            }
            guard byte >= 0x20, byte < 0x7F, byte != UInt8(ascii: "\\") else { return nil }
            position += 1
        }
        return nil
    }

    /// A text, plain or quoted, to the end of the line.
    private mutating func word() -> String? {
        guard let line = line() else { return nil }
        guard line.first == UInt8(ascii: "\"") else { return String(decoding: line, as: UTF8.self) }
        return Self.quoted(line)
    }

    private static func quoted(_ text: UnsafeBufferPointer<UInt8>) -> String? {
        guard text.count >= 2, text.last == UInt8(ascii: "\"") else { return nil }
        return String(decoding: text[1..<text.count - 1], as: UTF8.self)
    }

    /// A list of quoted tokens, none of which has a comma or a quote.
    private mutating func tokens() -> [String]? {
        guard let line = line(), line.first == UInt8(ascii: "["), line.last == UInt8(ascii: "]") else { return nil }
        var tokens: [String] = []
        for part in line[1..<line.count - 1].split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false) {
            let text = part.first == UInt8(ascii: " ") ? part.dropFirst() : part
            guard text.first == UInt8(ascii: "\""), let token = Self.quoted(UnsafeBufferPointer(rebasing: text)) else {
                return nil
            }
            tokens.append(token)
        }
        return tokens
    }

    private mutating func parameters(_ indent: StaticString) -> [String: JSONValue]? {
        if skip(" {}\n") { return [:] }
        guard skip("\n") else { return nil }
        var parameters: [String: JSONValue] = [:]
        while skip(param: indent) {
            guard let line = line(), let colon = line.firstIndex(of: UInt8(ascii: ":")), colon + 2 < line.count,
                line[colon + 1] == UInt8(ascii: " "),
                let value = Self.value(UnsafeBufferPointer(rebasing: line[(colon + 2)...]))
            else { return nil }
            parameters[String(decoding: line[..<colon], as: UTF8.self)] = value
        }
        return parameters
    }

    private static func value(_ text: UnsafeBufferPointer<UInt8>) -> JSONValue? {
        if text.first == UInt8(ascii: "\"") { return quoted(text).map { .string($0) } }
        if text.elementsEqual("true".utf8) { return .bool(true) }
        if text.elementsEqual("false".utf8) { return .bool(false) }
        return Int64(String(decoding: text, as: UTF8.self)).map { .integer($0) }
    }
}
