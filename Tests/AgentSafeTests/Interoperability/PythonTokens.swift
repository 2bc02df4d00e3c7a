import ChangeModel
import OperatingSystem
import Testing

/// PyJWT and the Python project `agent-safe`, as other people's code that reads and writes the same tokens.
///
/// `Tests/run.sh` makes an environment that has both and names its Python in `AGENTSAFE_TEST_PYTHON`. Without it, and without a
/// `python3` that knows both, these tests are skipped, but never where `CI` says `true`.
enum PythonTokens {
    static let python: String? = {
        let environment = Host.real().environment
        if let named = environment["AGENTSAFE_TEST_PYTHON"], !named.isEmpty { return named }
        let usual = try? Program.run(
            ["python3", "-c", "import jwt, agent_safe, cryptography"], environment: environment, timeout: 60)
        return usual?.status == 0 ? "python3" : nil
    }()

    static var isWanted: Bool { python != nil || Host.real().environment["CI"] == "true" }

    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// Runs a script that reads `input` as JSON from standard input, in `data`, and prints JSON.
    static func run(_ script: String, _ input: JSONValue) throws -> JSONValue {
        guard let python else {
            throw Failure(
                description: "no Python with PyJWT and agent-safe; run Tests/run.sh, or set AGENTSAFE_TEST_PYTHON")
        }
        let result = try Program.run(
            [python, "-c", "import json, sys\ndata = json.load(sys.stdin)\n" + script],
            environment: Host.real().environment, input: input.canonicalBytes, timeout: 120)
        guard result.status == 0 else { throw Failure(description: result.errorText) }
        return try JSONValue(parsing: result.outputText)
    }
}
