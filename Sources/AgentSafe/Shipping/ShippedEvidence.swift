internal import AWSExecutor
internal import ChangeModel
internal import Git
internal import Ledger
public import OperatingSystem
internal import Shipping

/// Judges a copy of the evidence that was shipped, with or without a clone of the repository at hand.
public struct ShippedEvidence {
    private let host: Host
    private let settings: Settings
    private let place: ShippingPlace
    private let source: any ShipmentSource
    /// nil outside of a clone.
    private let workspace: Workspace?
    private let genesis: ObjectID

    /// - Parameters:
    ///   - text: a folder, or `s3://bucket/prefix`.
    ///   - region: of the bucket; nil: as AWS's own settings say.
    /// - Throws: `AgentSafeError` for a place that cannot be read from, and where no genesis is pinned.
    public init(
        at text: String, region: String? = nil, host: Host, settings: Settings,
        notify: @escaping (String) -> Void = { _ in }
    ) throws(AgentSafeError) {
        self.host = host
        self.settings = settings
        place = try ShippingPlace(text, host: host)
        switch place {
        case .folder(let path):
            guard region == nil else { throw AgentSafeError(.usage, "`--region` is for S3; leave it out here") }
            source = FolderDestination(path, name: text)
        case .bucket(let bucket, let prefix):
            source = BucketDestination(
                try ObjectStorage.open(bucket, region, settings.profile, host), prefix: prefix)
        case .webhook:
            throw AgentSafeError(
                .usage, "nothing can be read back from a webhook; verify the folder that its receiver writes to")
        }
        workspace = try Workspace.ifAny(host: host, settings: settings, notify: notify)
        if let workspace {
            genesis = try workspace.pinnedGenesis()
        } else {
            let pinned = settings.genesis ?? host.environment["AGENTSAFE_GENESIS"]
            guard let text = pinned, let found = ObjectID(text) else {
                throw AgentSafeError(
                    pinned == nil ? .notAuthentic : .usage,
                    "a copy is only worth what its beginning is: pass the genesis commit's 40 digits, which you have from "
                        + "somebody you trust and not from whoever keeps the copy, with `--genesis <commit>`")
            }
            genesis = found
        }
    }

    /// Builds the repository anew from the shipments alone, in a folder that goes again, and verifies it.
    ///
    /// - Parameter progress: called with what is done, in a few words.
    public func verify(progress: (String) -> Void = { _ in }) throws(AgentSafeError) -> ShippedReport {
        let parent = host.environment["TMPDIR"].flatMap { $0.isEmpty ? nil : $0 } ?? "/tmp"
        let folder: String
        do throws(SystemError) {
            folder = try Files.temporaryDirectory(in: parent, prefix: "agentsafe-copy-")
        } catch {
            throw AgentSafeError(.failed, "\(error); set TMPDIR to a folder that you may write")
        }
        defer { try? Files.removeTree(folder) }
        let start = host.bootTime()
        let clock = LedgerClock(host: host)
        let copy = try shipping { () throws(ShippingError) in
            let copy = try ShippedCopy(
                of: source, in: "\(folder)/copy.git", genesis: genesis, now: clock.latest)
            try copy.build { count in if count % 100 == 0 { progress("read \(count) shipments") } }
            return copy
        }
        var report = ShippedReport()
        report.source = source.name
        report.genesis = genesis.description
        report.shipments = copy.inventory.count
        report.others = copy.inventory.others
        report.faultCount = copy.faults.total
        report.faults = copy.faults.listed.sorted { $0.name < $1.name }.map {
            ($0.name, ShippedReport.Fault(rawValue: $0.kind.rawValue) ?? .altered, $0.reason)
        }
        guard let first = copy.tips.first else {
            guard copy.faults.total > 0 else {
                throw AgentSafeError(.failed, "there are no shipments at \(source.name)")
            }
            return report
        }
        guard first.main == genesis else {
            report.failure =
                "it begins with main commit \(first.main.short), and not at the pinned genesis \(genesis.short): it is a copy of "
                + "another repository, or the pin is wrong"
            return report
        }
        // Main pins the ledger's genesis after it, and the next event tells.
        if copy.tips.count == 1, copy.faults.total == 0 { return report }
        let (proof, failure) = try shipping { () throws(ShippingError) in
            try copy.prove { count in if count % 100 == 0 { progress("verified \(count) commits") } }
        }
        report.failure = failure
        guard let proof else { return report }
        report.height = proof.height
        report.at = proof.ledger.tip.event.at
        var verification = try ledger { () throws(LedgerError) in
            try VerificationReport(genesis: genesis, main: proof.main, ledger: proof.ledger)
        }
        verification.nanoseconds = host.bootTime() &- start
        report.verification = verification
        report.clone = try compare(copy, proof)
        // Of a copy with faults of its own there is enough to say.
        if report.result == .authentic { report.regression = try remember(copy, proof) }
        return report
    }

    private func shipping<Value>(_ body: () throws(ShippingError) -> Value) throws(AgentSafeError) -> Value {
        do { return try body() } catch { throw AgentSafeError(error) }
    }

    // MARK: - The clone

    /// Holds the proved part of the copy against the ledger of the clone, if this is one of the same repository.
    private func compare(_ copy: ShippedCopy, _ proof: ShippedCopy.Proof) throws(AgentSafeError) -> ShippedReport.Clone?
    {
        guard let workspace, workspace.repository.contains(genesis), try workspace.branch("ledger") != nil else {
            return nil
        }
        let own: AcceptedEvent
        do throws(AgentSafeError) {
            own = try workspace.view().ledger.tip
        } catch {
            throw AgentSafeError(
                error.code, "the copy holds up to height \(proof.height), but this clone does not: \(error.message)",
                details: error.details)
        }
        let difference = own.event.height - proof.height
        var clone = ShippedReport.Clone(
            relation: .forked, height: own.event.height, tip: own.commit.id.description)
        if difference <= 0 {
            guard copy.height(of: own.commit.id) == own.event.height else { return clone }
            clone.relation = difference == 0 ? .same : .ahead
        } else {
            var commit: ObjectID? = own.commit.id
            for _ in 0..<difference {
                commit = try git { () throws(GitError) in
                    try commit.flatMap { (id) throws(GitError) in try workspace.repository.commit(id).parents.first }
                }
            }
            guard commit == copy.tips[proof.height].ledger else { return clone }
            clone.relation = .behind
        }
        clone.by = abs(difference)
        return clone
    }

    // MARK: - The copy as it was

    /// Holds the copy against what it was when it was verified here before, and remembers what it is now: a copy whose newest
    /// shipments were taken away is as whole as it was earlier.
    ///
    /// - Returns: why it cannot be the same; nil where it can.
    private func remember(_ copy: ShippedCopy, _ proof: ShippedCopy.Proof) throws(AgentSafeError) -> String? {
        // An auditor's machine may have no place for it.
        guard let state = try? Workspace.stateFolder(of: host) else { return nil }
        let path = "\(state)/agentsafe/shipped/\(genesis)/\(place.mark)-verified.json"
        if let before = try seen(path), before.height > proof.height || copy.tips[before.height].ledger != before.ledger
        {
            return
                "when it was last verified here, it held the event \(before.ledger.short) at height \(before.height): shipments "
                + "were taken away since, or it is another ledger's; if you know why, remove `\(path)`"
        }
        var json = ShippingMark(height: proof.height, ledger: copy.tips[proof.height].ledger).json
        json["source"] = .string(source.name)
        do throws(SystemError) {
            try Files.createDirectory(Files.parent(of: path), mode: 0o700)
            try Files.writeAtomically(path, json.evidenceBytes, mode: 0o600)
        } catch {
            throw AgentSafeError(.failed, "what was verified cannot be remembered: \(error); set AGENTSAFE_STATE_HOME")
        }
        return nil
    }

    private func seen(_ path: String) throws(AgentSafeError) -> ShippingMark? {
        guard Files.kind(path, followingLinks: true) != nil else { return nil }
        guard let bytes = try? Files.read(path, limit: 64 << 10), let mark = ShippingMark(bytes) else {
            throw AgentSafeError(
                .failed, "what was verified before cannot be read; if nobody tampered with it, remove `\(path)`")
        }
        return mark
    }
}

extension Workspace {
    /// The clone around the current folder; nil where there is no repository at all.
    static func ifAny(
        host: Host, settings: Settings, notify: @escaping (String) -> Void
    ) throws(AgentSafeError) -> Workspace? {
        if host.environment["GIT_DIR"] == nil {
            do throws(GitError) {
                _ = try Repository(containing: host.currentDirectory)
            } catch {
                if error.code == .noRepository { return nil }
            }
        }
        return try Workspace(host: host, settings: settings, notify: notify)
    }
}
