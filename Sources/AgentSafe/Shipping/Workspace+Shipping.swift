internal import AWSExecutor
public import ChangeModel
internal import Git
internal import Ledger
internal import OperatingSystem
internal import Shipping
internal import Webhooks

/// What was shipped.
public struct ShipReport: Sendable {
    /// For people; holds no secret.
    public var destination = ""
    public var repository = ""
    public var genesis = ""
    /// The newest event that was verified here.
    public var height = 0
    public var tip = ""
    /// Heights that were sent, or would be.
    public var sent: [ClosedRange<Int>] = []
    /// How many of them somebody else had shipped meanwhile.
    public var alreadyThere = 0
    /// The newest that was there before; nil for none.
    public var before: Int?
    public var isRehearsal = false

    public var count: Int { sent.reduce(0) { $0 + $1.count } }
    /// Heights that had been shipped, and were gone.
    public var refilled: Int {
        guard let before else { return 0 }
        return sent.filter { $0.lowerBound < before }.reduce(0) { $0 + min(before, $1.upperBound) - $1.lowerBound + 1 }
    }

    public var json: JSONValue {
        [
            "destination": .string(destination), "repository": .string(repository), "genesis": .string(genesis),
            "height": .integer(Int64(height)), "tip": .string(tip),
            "sent": .array(
                sent.map { ["from": .integer(Int64($0.lowerBound)), "to": .integer(Int64($0.upperBound))] }),
            "count": .integer(Int64(count)), "already_there": .integer(Int64(alreadyThere)),
            "refilled": .integer(Int64(refilled)), "before": before.map { .integer(Int64($0)) } ?? .null,
            "dry_run": .bool(isRehearsal),
        ]
    }
}

extension Workspace {
    /// Ships every event of the verified ledger that is not there yet, in order.
    ///
    /// - Parameters:
    ///   - text: a folder, `s3://bucket/prefix`, or a webhook.
    ///   - progress: called with the number of events sent, and of all that will be.
    public func ship(
        to text: String, _ shipping: ShippingSettings, progress: (_ sent: Int, _ all: Int) -> Void = { _, _ in }
    ) throws(AgentSafeError) -> ShipReport {
        let place = try ShippingPlace(text, host: host)
        let retention = try shipping.retention(now: now)
        if case .bucket = place {
        } else {
            guard retention == nil, shipping.region == nil else {
                throw AgentSafeError(
                    .usage, "`--object-lock`, `--retain-days` and `--region` are for S3; leave them out here")
            }
        }
        let isAlone = try remoteURL() == nil
        var hasLookedAgain = false
        while true {
            try fetchIfPossible(.main)
            let seen = isAlone ? try view() : try latest(.main) { () throws(AgentSafeError) in try view() }
            let tip = seen.ledger.tip
            let destination = try destination(place, named: text, shipping, retention, of: seen.state)
            let shipper = Shipper(repository, tip: tip.commit.id, height: tip.event.height, to: destination)
            let outcome: Shipper.Outcome
            do throws(ShippingError) {
                outcome = try shipper.ship(isRehearsal: shipping.isRehearsal, progress: progress)
            } catch {
                guard error.code == .ahead else { throw AgentSafeError(error) }
                // Another shipper may have seen more since this one fetched.
                if !isAlone, !hasLookedAgain, fetchWarning == nil {
                    hasLookedAgain = true
                    continue
                }
                guard fetchWarning == nil else {
                    throw AgentSafeError(
                        .failed, "\(error.message); the newest could not be fetched, so try again later")
                }
                throw AgentSafeError(
                    .notAuthentic,
                    "\(error.message): the ledger was rewound, or another one was shipped there; find out who pushed, and see "
                        + "what is there with `agentsafe ledger verify-shipped`")
            }
            var report = ShipReport()
            report.destination = destination.name
            report.repository = seen.state.repositoryID
            report.genesis = try pinnedGenesis().description
            (report.height, report.tip) = (tip.event.height, tip.commit.id.description)
            (report.sent, report.alreadyThere, report.before) = (outcome.sent, outcome.alreadyThere, outcome.before)
            report.isRehearsal = shipping.isRehearsal
            return report
        }
    }

    private func destination(
        _ place: ShippingPlace, named name: String, _ shipping: ShippingSettings, _ retention: ObjectStorage.Retention?,
        of main: MainState
    ) throws(AgentSafeError) -> any ShipmentDestination {
        switch place {
        case .folder(let path):
            let folder = FolderDestination(path, name: name)
            if !shipping.isRehearsal || Files.kind(path, followingLinks: true) != nil {
                try self.shipping { () throws(ShippingError) in try folder.prepare() }
            }
            return folder
        case .bucket(let bucket, let prefix):
            return BucketDestination(
                try ObjectStorage.open(bucket, shipping.region, settings.profile, host), prefix: prefix,
                retention: retention)
        case .webhook(let url): return try webhook(url, place.mark, shipping, of: main)
        }
    }

    private func webhook(
        _ url: String, _ mark: String, _ shipping: ShippingSettings, of main: MainState
    ) throws(AgentSafeError) -> WebhookDestination {
        let address: WebhookAddress
        do throws(WebhookAddressError) {
            address = try WebhookAddress(url)
        } catch {
            throw AgentSafeError(.usage, "the webhook cannot be sent to: \(error)")
        }
        let client = WebhookClient(
            address, secrets: try secrets(shipping), guardian: try addressGuard(), host: host,
            policy: WebhookDestination.policy, trust: try receiverTrust())
        let cursor = try "\(stateFolder())/agentsafe/shipped/\(pinnedGenesis())/\(mark)-cursor.json"
        return try self.shipping { () throws(ShippingError) in
            try WebhookDestination(client, host: address.host, repository: main.repositoryID, cursor: cursor)
        }
    }

    /// What messages are signed with: the file of the flag, or as the machine has it.
    private func secrets(_ shipping: ShippingSettings) throws(AgentSafeError) -> [WebhookSecret] {
        let text: String?
        if let path = shipping.secretFile {
            do throws(SystemError) {
                text = String(decoding: try Files.read(host.absolute(path), limit: 4096), as: UTF8.self)
            } catch {
                throw AgentSafeError(.failed, "cannot read the webhook's secret: \(error)")
            }
        } else {
            text = try machineSecret(variable: "AGENTSAFE_SHIP_SECRET", file: "agentsafe.shipSecretFile")
        }
        guard let text else {
            throw AgentSafeError(
                .usage,
                "a webhook's messages are signed; pass the file with the secret that its receiver has too: `--secret-file FILE`"
            )
        }
        guard let secrets = WebhookSecret.list(text) else {
            throw AgentSafeError(.failed, "the webhook's secret is none: \(WebhookSecret.advice)")
        }
        return secrets
    }

    private func shipping<Value>(_ body: () throws(ShippingError) -> Value) throws(AgentSafeError) -> Value {
        do { return try body() } catch { throw AgentSafeError(error) }
    }
}

extension AgentSafeError {
    init(_ error: ShippingError) {
        self.init(error.code == .failed ? .failed : .notAuthentic, error.message)
    }
}

extension ObjectStorage {
    static func open(
        _ bucket: String, _ region: String?, _ profile: String?, _ host: Host
    ) throws(AgentSafeError) -> ObjectStorage {
        do throws(AWSAccessError) {
            return try ObjectStorage(
                bucket: bucket, region: region, profile: profile, maximumSize: Shipment.maximumSize, host: host)
        } catch {
            throw AgentSafeError(.failed, error.message)
        }
    }
}
