internal import HTTP
internal import OperatingSystem

/// Where a user's credential comes from, and what it is now.
final class CredentialSource {
    private let user: Kubeconfig.User
    private let run: ExecPluginRun?
    private let fixed: ConnectionSettings.ClientIdentity?
    private let host: Host
    private var cached: Credential?

    /// Seconds before its end from which a credential counts as expired: a request takes time, and clocks differ.
    static let margin: Int64 = 10
    private static let tokenFileLimit = Credential.maximumTokenSize + 2

    /// - Parameter identity: the client certificate of the kubeconfig, read already.
    init(
        user: Kubeconfig.User, identity: ConnectionSettings.ClientIdentity?, run: ExecPluginRun?, host: Host
    ) {
        self.user = user
        self.run = run
        self.host = host
        fixed = identity
    }

    /// Whether asking again could bring another credential.
    var canRefresh: Bool { user.tokenFile != nil || run != nil }

    /// Forgets what a plugin gave: the server did not take it.
    func forget() { cached = nil }

    func credential() throws(AccessError) -> Credential {
        // A file is read each time: whoever renews it replaces it. It wins over a token beside it.
        if let file = user.tokenFile { return Credential(token: try token(in: file), identity: fixed) }
        if let token = user.token {
            guard Credential.isToken(token) else {
                throw AccessError(.malformed, "`token` of this user is no token", at: user.place)
            }
            return Credential(token: token, identity: fixed)
        }
        guard let run else { return Credential(identity: fixed) }
        if let cached, cached.expires.map({ $0 - Self.margin > host.now() }) ?? true { return cached }
        cached = nil
        var credential = try run.credential()
        if let expires = credential.expires, expires <= host.now() {
            throw AccessError(
                .noCredential, "the credential plugin gave a credential that has expired already; check the clock",
                at: run.plugin.place)
        }
        if credential.identity == nil { credential.identity = fixed }
        cached = credential
        return credential
    }

    private func token(in file: String) throws(AccessError) -> String {
        let bytes: [UInt8]
        do throws(SystemError) {
            bytes = try Files.read(file, limit: Self.tokenFileLimit)
        } catch {
            throw AccessError(.noCredential, error.shown, at: user.place)
        }
        let text = String(decoding: bytes.filter { $0 != 0x0A && $0 != 0x0D && $0 != 0x20 }, as: UTF8.self)
        guard Credential.isToken(text) else {
            throw AccessError(.noCredential, "`\(file.forMessage(limit: 200))` holds no token", at: user.place)
        }
        return text
    }
}
