/// Reads exactly one document of a strict subset of YAML 1.2.
///
/// Refused: what exceeds `limits`, anything but UTF-8 with LF, control characters, more than one document, directives,
/// anchors, aliases, tags, merge keys, keys that are no scalars, and keys that are equal or differ only in case or in their
/// Unicode form. Nothing is resolved here: see `YAMLNode.scalar`.
public func parseYAML(_ bytes: [UInt8], limits: YAMLLimits = YAMLLimits()) throws(YAMLError) -> YAMLNode {
    guard bytes.count <= limits.bytes else {
        throw YAMLError(
            mark: .start, message: "the file has \(bytes.count) bytes, and at most \(limits.bytes) are read",
            advice: "split it")
    }
    guard !bytes.isEmpty else { throw YAMLError(mark: .start, message: "the file is empty") }
    return try bytes.withUnsafeBufferPointer { (input) throws(YAMLError) -> YAMLNode in
        try InputCheck(bytes: input).run()
        var builder = TreeBuilder(limits: limits)
        return try builder.build(EventParser(input: input, scalarLimit: limits.scalarBytes))
    }
}
