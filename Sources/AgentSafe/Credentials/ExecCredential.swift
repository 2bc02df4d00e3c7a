internal import ChangeModel
internal import CryptoPrimitives
internal import OperatingSystem
internal import Runner

/// A program that gives credentials, by the protocol of kubectl's plugins (`client.authentication.k8s.io/v1`, kind
/// `ExecCredential`): it is told who asks in `KUBERNETES_EXEC_INFO`, and prints one JSON object. The scope stands in
/// `AGENTSAFE_CREDENTIAL_SCOPE`, as JSON.
///
/// What it prints is taken within bounds of size and time. What it says on standard error goes nowhere: such programs print
/// tokens there.
struct ExecCredential {
    let backend: String
    let command: String
    let arguments: [String]
    /// Seconds.
    let timeout: Int
    /// Whether it is asked for keys of AWS: then it prints what a `credential_process` does, which its reader checks.
    var printsKeys = false

    static let apiVersion = "client.authentication.k8s.io/v1"
    private static let outputLimit = 128 << 10

    func fetch(scope: JSONValue, host: Host) throws(ExecutionError) -> (secret: SecretValue, expires: Timestamp?) {
        var environment = host.environment
        let info: JSONValue = [
            "apiVersion": .string(Self.apiVersion), "kind": "ExecCredential", "spec": ["interactive": false],
        ]
        if !printsKeys { environment["KUBERNETES_EXEC_INFO"] = info.canonicalText }
        environment["AGENTSAFE_CREDENTIAL_SCOPE"] = scope.canonicalText
        let result: ProgramResult
        do throws(SystemError) {
            result = try Program.run(
                [command] + arguments, environment: environment, outputLimit: Self.outputLimit, timeout: timeout)
        } catch {
            throw fault("cannot be started: \(error)")
        }
        var output = result.output
        defer { SecretBytes.wipe(&output) }
        guard !result.timedOut else { throw fault("did not end within \(timeout) seconds") }
        guard result.status == 0 else {
            throw fault("ended with status \(result.status); what it said is not shown, run it by hand to see that")
        }
        guard output.count < (printsKeys ? SecretValue.maximumSize : Self.outputLimit) else {
            throw fault("printed more than \(Self.outputLimit >> 10) KiB")
        }
        return printsKeys ? (SecretValue(output), nil) : try read(output)
    }

    /// - Throws: without a word of what was printed: any part of it may be the token.
    private func read(_ output: [UInt8]) throws(ExecutionError) -> (secret: SecretValue, expires: Timestamp?) {
        guard let value = try? JSONValue(parsing: output, limits: JSONLimits(bytes: Self.outputLimit, depth: 8)) else {
            throw fault("printed no JSON object")
        }
        guard value["kind"]?.stringValue == "ExecCredential", value["apiVersion"]?.stringValue == Self.apiVersion else {
            throw fault("printed no ExecCredential of `\(Self.apiVersion)`")
        }
        guard let status = value["status"]?.objectValue else {
            throw fault("printed an ExecCredential without `status`")
        }
        guard status["clientCertificateData"] == nil, status["clientKeyData"] == nil else {
            throw fault("gives a client certificate, and only tokens are taken here")
        }
        guard let token = status["token"]?.stringValue, !token.isEmpty, token.utf8.count <= SecretValue.maximumSize
        else {
            throw fault("printed an ExecCredential without a token, or with one that is too long")
        }
        var expires: Timestamp?
        if let end = status["expirationTimestamp"], !end.isNull {
            expires = end.stringValue.flatMap { Timestamp($0) }
            if expires == nil {
                throw fault("printed an `expirationTimestamp` that is no time like 2026-11-22T23:11:00Z")
            }
        }
        return (SecretValue(Array(token.utf8)), expires)
    }

    private func fault(_ what: String) -> ExecutionError {
        ExecutionError(code: .noCredential, message: "the program `\(command)` of backend `\(backend)` \(what)")
    }
}
