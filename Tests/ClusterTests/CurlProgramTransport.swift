import ChangeModel
import HTTP
import OperatingSystem

/// TEMPORARY until the libcurl transport lands.
final class CurlProgramTransport: HTTPTransport {
    let arguments: [String]
    let server: String
    init(user: String, token: String?) throws {
        let pki = try RealCluster.path("pki")
        let text = String(decoding: try Files.read(try RealCluster.path("admin.kubeconfig")), as: UTF8.self)
        server = text.split(separator: "\n").first { $0.contains("server:") }!.split(separator: " ").last.map(
            String.init)!
        arguments =
            ["curl", "-sS", "-i", "--cacert", "\(pki)/ca.crt"]
            + (token.map { ["-H", "Authorization: Bearer \($0)"] } ?? [
                "--cert", "\(pki)/\(user).crt", "--key", "\(pki)/\(user).key",
            ])
    }
    func send(_ request: HTTPRequest) throws(HTTPError) -> HTTPResponse {
        do {
            let result = try Program.run(
                arguments + ["-X", request.method, server + request.target]
                    + request.headers.flatMap { ["-H", "\($0.name): \($0.value)"] }
                    + (request.body.isEmpty ? [] : ["--data-binary", "@-", "-H", "Expect:"]),
                environment: Host.real().environment, input: request.body)
            guard result.status == 0 else {
                throw HTTPError(code: .cannotConnect, mayHaveBeenApplied: false, message: result.errorText)
            }
            let text = result.output
            var index = 0
            while !(text[index] == 13 && text[index + 1] == 10 && text[index + 2] == 13 && text[index + 3] == 10) {
                index += 1
            }
            let lines = String(decoding: text[..<index], as: UTF8.self).split(separator: "\r\n")
            let status = Int(lines[0].split(separator: " ")[1])!
            return HTTPResponse(
                status: status,
                headers: lines.dropFirst().map { l in
                    let p = l.split(separator: ":", maxSplits: 1)
                    return (String(p[0]), String(p[1].drop { $0 == " " }))
                }, body: Array(text[(index + 4)...]))
        } catch let e as HTTPError { throw e } catch {
            throw HTTPError(code: .cannotConnect, mayHaveBeenApplied: false, message: "\(error)")
        }
    }
}
