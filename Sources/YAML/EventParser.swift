internal import CYAML

/// What libyaml found next, copied out of its memory.
enum Event {
    case documentStart(YAMLMark, hasDirectives: Bool)
    case alias(YAMLMark)
    case scalar(YAMLMark, Properties, text: String, style: YAMLScalarStyle)
    case sequenceStart(YAMLMark, Properties)
    case mappingStart(YAMLMark, Properties)
    case collectionEnd
    case streamEnd
    /// The start of the stream and the end of a document.
    case other

    struct Properties {
        var hasAnchor: Bool
        var hasTag: Bool
    }
}

/// libyaml's pull parser. It is iterative, and looks ahead by at most a few tokens, so the caller can stop at any depth.
final class EventParser {
    // yaml_parser_t keeps pointers into itself, so it must never move: one heap allocation for its whole life.
    private let parser: UnsafeMutablePointer<yaml_parser_t>
    private let scalarLimit: Int

    /// `input` is not copied: it must outlive the parser. It must not be empty.
    init(input: UnsafeBufferPointer<UInt8>, scalarLimit: Int) throws(YAMLError) {
        self.scalarLimit = scalarLimit
        parser = .allocate(capacity: 1)
        parser.initialize(to: yaml_parser_t())
        // yaml.h: "Returns 1 if the function succeeded, 0 on error", which can only be a lack of memory.
        guard yaml_parser_initialize(parser) == 1, let address = input.baseAddress else {
            throw YAMLError(mark: .start, message: "not enough memory to read the file")
        }
        yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
        yaml_parser_set_input_string(parser, address, input.count)
    }

    deinit {
        yaml_parser_delete(parser)
        parser.deinitialize(count: 1)
        parser.deallocate()
    }

    func next() throws(YAMLError) -> Event {
        var event = yaml_event_t()
        guard yaml_parser_parse(parser, &event) == 1 else { throw failure() }
        defer { yaml_event_delete(&event) }
        let mark = YAMLMark(event.start_mark)
        switch event.type {
        case YAML_DOCUMENT_START_EVENT:
            let start = event.data.document_start
            let hasTags = start.tag_directives.start != start.tag_directives.end
            return .documentStart(mark, hasDirectives: start.version_directive != nil || hasTags)
        case YAML_ALIAS_EVENT:
            return .alias(mark)
        case YAML_SCALAR_EVENT:
            let scalar = event.data.scalar
            guard scalar.length <= scalarLimit else {
                throw YAMLError(mark: mark, message: "a value larger than \(scalarLimit) bytes")
            }
            let text = String(decoding: UnsafeBufferPointer(start: scalar.value, count: scalar.length), as: UTF8.self)
            return .scalar(
                mark, Event.Properties(hasAnchor: scalar.anchor != nil, hasTag: scalar.tag != nil), text: text,
                style: YAMLScalarStyle(scalar.style))
        case YAML_SEQUENCE_START_EVENT:
            let start = event.data.sequence_start
            return .sequenceStart(mark, Event.Properties(hasAnchor: start.anchor != nil, hasTag: start.tag != nil))
        case YAML_MAPPING_START_EVENT:
            let start = event.data.mapping_start
            return .mappingStart(mark, Event.Properties(hasAnchor: start.anchor != nil, hasTag: start.tag != nil))
        case YAML_SEQUENCE_END_EVENT, YAML_MAPPING_END_EVENT: return .collectionEnd
        case YAML_STREAM_END_EVENT: return .streamEnd
        default: return .other
        }
    }

    private func failure() -> YAMLError {
        let parser = self.parser.pointee
        guard let problem = parser.problem.map({ String(cString: $0) }) else {
            return YAMLError(mark: .start, message: "not enough memory to read the file")
        }
        let mark = YAMLMark(parser.problem_mark)
        var message = problem
        if let context = parser.context {
            message += ", \(String(cString: context))"
            let start = YAMLMark(parser.context_mark)
            if start.line != mark.line { message += " that starts in line \(start.line)" }
        }
        return YAMLError(mark: mark, message: message, advice: Self.advice(problem))
    }

    private static func advice(_ problem: String) -> String? {
        switch problem {
        case "found character that cannot start any token":
            "indent with spaces, not tabs; quote a value that starts with a special character"
        case "mapping values are not allowed in this context":
            "check the indentation; quote a value that contains `: `"
        case "did not find expected key", "could not find expected ':'",
            "did not find expected '-' indicator", "did not find expected ',' or ']'",
            "did not find expected ',' or '}'":
            "check the indentation, the quotes and the brackets above"
        case "found undefined tag handle", "found unknown directive name":
            "tags and directives are not allowed here"
        default: nil
        }
    }
}

extension YAMLMark {
    fileprivate init(_ mark: yaml_mark_t) {
        self.init(line: Int(clamping: mark.line) &+ 1, column: Int(clamping: mark.column) &+ 1)
    }
}

extension YAMLScalarStyle {
    fileprivate init(_ style: yaml_scalar_style_t) {
        switch style {
        case YAML_SINGLE_QUOTED_SCALAR_STYLE: self = .singleQuoted
        case YAML_DOUBLE_QUOTED_SCALAR_STYLE: self = .doubleQuoted
        case YAML_LITERAL_SCALAR_STYLE: self = .literal
        case YAML_FOLDED_SCALAR_STYLE: self = .folded
        default: self = .plain
        }
    }
}
