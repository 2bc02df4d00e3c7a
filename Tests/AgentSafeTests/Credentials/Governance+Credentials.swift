import AgentSafe
import ChangeModel
import OperatingSystem
import Runner
import Testing

extension Governance {
    /// Has main name these backends, each as the lines of its entry.
    func configureCredentials(required: Bool = false, _ backends: [[String]]) throws {
        let entries = backends.flatMap { lines in
            lines.enumerated().map { ($0.offset == 0 ? "    - " : "      ") + $0.element }
        }
        let lines = ["credentials:", "  required: \(required)", "  backends:"] + entries
        try trustCommit(["agentsafe.yaml": { $0 + lines.joined(separator: "\n") + "\n" }])
    }

    /// Writes a program that runs with `sh`, and returns its path.
    func program(_ name: String, _ script: String) throws -> String {
        let path = "\(directory.path)/\(name)"
        try Files.create(path, Array("#!/bin/sh\n\(script)\n".utf8), mode: 0o755)
        return path
    }

    /// What prints a token as kubectl's plugins do.
    static func printing(_ token: String, until end: String? = nil) -> String {
        let expiry = end.map { ",\"expirationTimestamp\":\"\($0)\"" } ?? ""
        return """
            cat <<'END'
            {"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"\(token)"\(expiry)}}
            END
            """
    }

    /// Has `update-configmap` take its value by reference alone.
    func makeValueSensitive() throws {
        try trustCommit([
            "actions/update-configmap.yaml": { text in
                text.replacing(
                    "    description: \"New value. It stays in history: no secrets.\"\n",
                    with: "    description: A reference.\n    sensitive: true\n")
            }
        ])
    }

    /// The `credentials` of the newest preparation of a change; null where it names none.
    func recordedCredentials(of id: ChangeID) throws -> JSONValue {
        try #require(try record(of: id).last(.prepared)).body["credentials"] ?? .null
    }

    /// Nothing that anybody can read afterwards holds one of these words.
    func expectNowhere(
        _ needles: [String], except names: [String] = [], in said: [CommandResult] = [],
        sourceLocation: Testing.SourceLocation = #_sourceLocation
    ) throws {
        let found = try lines(with: needles, except: ["cluster.json*"] + names)
        #expect(found.isEmpty, "\(found)", sourceLocation: sourceLocation)
        for result in said {
            #expect(!needles.contains { "\(result)".contains($0) }, "\(result)", sourceLocation: sourceLocation)
        }
    }
}
