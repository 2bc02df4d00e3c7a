internal import ChangeModel
internal import HTTP
internal import OperatingSystem
internal import Webhooks

/// Where a sink is, and the keys that its messages are signed with, as this machine has them.
struct SinkPlace {
    let address: WebhookAddress
    /// Empty for Slack, whose URL is the secret.
    let secrets: [WebhookSecret]
    let guardian: AddressGuard
    let trust: ConnectionSettings.Trust

    func client(_ policy: DeliveryPolicy, host: Host) -> WebhookClient {
        var guardian = guardian
        let patience = min(NameLookup.usualTimeout, policy.timeout)
        guardian.lookup = { NameLookup.addresses(of: $0, timeout: patience) }
        return WebhookClient(address, secrets: secrets, guardian: guardian, host: host, policy: policy, trust: trust)
    }
}

extension Workspace {
    /// `AGENTSAFE_NOTIFY_<NAME>_URL` and `…_SECRET`, else the files that `git config agentsafe.notify-<name>.urlFile` and
    /// `secretFile` name. The machine's URL goes before that of agentsafe.yaml.
    ///
    /// - Throws: with words that name the sink and quote neither URL nor secret.
    func place(of sink: NotificationSink) throws(AgentSafeError) -> SinkPlace {
        let variable = "AGENTSAFE_NOTIFY_\(sink.variablePart)"
        let setting = "agentsafe.notify-\(sink.name)"
        guard let url = try machineSecret(variable: "\(variable)_URL", file: "\(setting).urlFile") ?? sink.url else {
            throw AgentSafeError(
                .failed,
                "this machine has no URL for it; set \(variable)_URL, or name a file in `git config \(setting).urlFile`"
            )
        }
        let address: WebhookAddress
        do throws(WebhookAddressError) {
            address = try WebhookAddress(url)
        } catch {
            throw AgentSafeError(.failed, "\(error)")
        }
        var secrets: [WebhookSecret] = []
        if sink.kind == .webhook {
            guard let text = try machineSecret(variable: "\(variable)_SECRET", file: "\(setting).secretFile") else {
                throw AgentSafeError(
                    .failed,
                    "this machine has no secret for it; set \(variable)_SECRET, or name a file in "
                        + "`git config \(setting).secretFile`")
            }
            guard let found = WebhookSecret.list(text) else {
                throw AgentSafeError(.failed, "its secret is none: \(WebhookSecret.advice)")
            }
            secrets = found
        }
        return SinkPlace(
            address: address, secrets: secrets, guardian: try addressGuard(), trust: try receiverTrust())
    }
}
