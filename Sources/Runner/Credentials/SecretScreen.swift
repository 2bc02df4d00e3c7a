internal import ChangeModel
internal import CryptoPrimitives

/// Keeps what a run must not say out of what it says: every text that leaves a step goes through here. Executors are written
/// so that none is ever needed; this is the second wall.
struct SecretScreen {
    private var needles: [String] = []

    /// The shortest secret, in bytes. One that is shorter would be found in text that has nothing to do with it.
    static let minimumSize = 8

    var isEmpty: Bool { needles.isEmpty }

    /// Takes note of a secret: as it is, as JSON spells it, and in base64, as Kubernetes' secrets hold it.
    mutating func add(_ secret: SecretValue) {
        guard let text = secret.text, !text.isEmpty else { return }
        let spelled = JSONValue.string(text).canonicalText.dropFirst().dropLast()
        let bytes = Array(text.utf8)
        // A longer one first, so that a shorter one within it does not leave a rest behind.
        needles += [text, String(spelled), Base64.encode(bytes), Base64.encodeURLSafe(bytes)]
        // What a program wrote with a line feed at its end.
        needles.append(String(Base64.encode(bytes + [UInt8(ascii: "\n")])))
        needles = Set(needles).sorted { ($1.utf8.count, $0) < ($0.utf8.count, $1) }
    }

    func clean(_ text: String) -> String {
        needles.reduce(text) { $0.contains($1) ? $0.replacing($1, with: SecretValue.redacted) : $0 }
    }

    func clean(_ value: JSONValue) -> JSONValue {
        if needles.isEmpty { return value }
        return switch value {
        case .string(let text): .string(clean(text))
        case .array(let elements): .array(elements.map { clean($0) })
        case .object(let members):
            .object(
                Dictionary(members.map { (clean($0.key), clean($0.value)) }, uniquingKeysWith: { first, _ in first }))
        case .null, .bool, .integer, .number: value
        }
    }

    func clean(_ state: CapturedState) -> CapturedState {
        if needles.isEmpty { return state }
        var state = state
        if let fields = clean(.object(state.fields)).objectValue { state.fields = fields }
        return state
    }

    func clean(_ check: PrecheckResult) -> PrecheckResult {
        PrecheckResult(name: check.name, passed: check.passed, detail: clean(check.detail))
    }

    func clean(_ error: ExecutionError) -> ExecutionError {
        ExecutionError(
            code: error.code, message: clean(error.message), mayHaveBeenApplied: error.mayHaveBeenApplied,
            output: error.output.map { clean($0) })
    }
}
