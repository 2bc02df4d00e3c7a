internal import ChangeModel
internal import HTTP

/// The calls of STS (API version 2011-06-15).
struct SecurityTokenService {
    let client: ServiceClient

    private static let version = "2011-06-15"

    /// Who the keys belong to: account, ARN, and unique identifier.
    func callerIdentity() throws(ServiceError) -> (account: String, arn: String, userID: String) {
        let root = try send(.query(.sts, "GetCallerIdentity", version: Self.version, [], .read))
        let result = root["GetCallerIdentityResult"]
        guard let account = result?["Account"]?.text, let arn = result?["Arn"]?.text,
            let user = result?["UserId"]?.text
        else { throw ServiceError(message: "sts:GetCallerIdentity: the answer names no account") }
        return (account, arn, user)
    }

    /// - Parameter policy: a session policy: the keys can do no more than it and the role both allow.
    func assumeRole(
        _ role: AssumedRole, policy: String? = nil, tags: [(key: String, value: String)] = []
    ) throws(ServiceError) -> IssuedKey {
        var fields = [("RoleArn", role.arn), ("RoleSessionName", role.sessionName ?? "agentsafe")]
        if let duration = role.duration { fields.append(("DurationSeconds", String(duration))) }
        if let id = role.externalID { fields.append(("ExternalId", id)) }
        if let policy { fields.append(("Policy", policy)) }
        for (number, tag) in tags.enumerated() {
            fields.append(("Tags.member.\(number + 1).Key", tag.key))
            fields.append(("Tags.member.\(number + 1).Value", tag.value))
        }
        // Asked twice it hands out two keys, of which one is dropped.
        return try key(
            in: try send(.query(.sts, "AssumeRole", version: Self.version, fields, .repeatable)), "AssumeRole")
    }

    func assumeRole(_ identity: WebIdentity, token: String) throws(ServiceError) -> IssuedKey {
        var call = ServiceCall.query(
            .sts, "AssumeRoleWithWebIdentity", version: Self.version,
            [
                ("RoleArn", identity.roleARN), ("RoleSessionName", identity.sessionName ?? "agentsafe"),
                ("WebIdentityToken", token),
            ], .repeatable)
        call.isSigned = false
        return try key(in: try send(call), "AssumeRoleWithWebIdentity")
    }

    private func send(_ call: ServiceCall) throws(ServiceError) -> XMLElement {
        let response = try client.send(call)
        do throws(XMLError) {
            return try XMLReader.parse(response.body)
        } catch {
            throw ServiceError(
                message: "sts:\(call.operation): the answer is no XML (line \(error.line), column \(error.column)): "
                    + error.reason)
        }
    }

    private func key(in root: XMLElement, _ operation: String) throws(ServiceError) -> IssuedKey {
        guard let key = IssuedKey(root.at("\(operation)Result", "Credentials")) else {
            throw ServiceError(message: "sts:\(operation): the answer holds no credentials")
        }
        return key
    }
}
