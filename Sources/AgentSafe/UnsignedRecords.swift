internal import ChangeModel
internal import Git
internal import Ledger
internal import OperatingSystem
internal import Runner
internal import SSHSignature

/// Executions that nobody has signed yet, each in `agentsafe/unsigned/<change>.json` of the clone's Git folder.
///
/// A key can vanish, or end, while a target is being changed; a process can die before it signs. So what was done is written
/// down first, as plain JSON, and signed afterwards: by the same run, or by the next one in this clone.
extension Workspace {
    private var unsignedFolder: String { repository.commonDirectory + "agentsafe/unsigned" }
    private func unsignedPath(_ id: ChangeID) -> String { "\(unsignedFolder)/\(id.text).json" }
    private static let ending = ".json"

    /// Whether the record of an execution of `id` waits to be signed.
    func isUnsigned(_ id: ChangeID) -> Bool { Files.kind(unsignedPath(id)) != nil }

    /// - Parameter identity: whose claim it is, and who must sign.
    func keepUnsigned(_ draft: EventDraft, of id: ChangeID, by identity: String) throws(SystemError) {
        let record: JSONValue = [
            "change": .string(id.text), "by": .string(identity), "body": draft.body,
            "headline": .string(draft.headline),
            "notes": .strings(draft.notes),
            "files": .object(draft.files.mapValues { .string(String(decoding: $0, as: UTF8.self)) }),
        ]
        try Files.createDirectory(unsignedFolder, mode: 0o700)
        try Files.writeAtomically(unsignedPath(id), record.evidenceBytes, mode: 0o600)
    }

    func dropUnsigned(_ id: ChangeID) {
        guard isUnsigned(id) else { return }
        do throws(SystemError) {
            try Files.remove(unsignedPath(id))
        } catch {
            notify("warning: the unsigned record of \(id) is needed no more; remove it, for that failed here: \(error)")
        }
    }

    /// Signs and records what earlier runs in this clone wrote down and could not sign.
    func signKept(signer: any Signer, identity: Identity, connection: RemoteConnection) throws(AgentSafeError) {
        let names: [String]
        do throws(SystemError) {
            names = Files.kind(unsignedFolder) == nil ? [] : try Files.list(unsignedFolder)
        } catch {
            return notify(
                "warning: records that wait to be signed cannot be listed: \(error); let the runner's user "
                    + "read that folder")
        }
        for name in names {
            guard let id = ChangeID(name.prefix { $0 != "." }) else { continue }
            Files.removeAbandoned(beside: unsignedPath(id))
            guard name.hasSuffix(Self.ending) else { continue }
            guard let kept = unsigned(id) else {
                // It stays for people to look at, and keeps no other change from being run.
                notify(
                    "warning: the record that waits to be signed at `\(unsignedPath(id))` cannot be read; look at it, "
                        + "say what happened with `agentsafe resolve \(id)`, then move the file away")
                continue
            }
            let view = try latestView()
            let record = try ledger { () throws(LedgerError) in try view.ledger.record(of: id) }
            if let end = end(ofClaimIn: kept.draft.body, record) {
                if end.kind == .execution { dropUnsigned(id) } else { keepLate(id, endedBy: end) }
                continue
            }
            guard kept.by == identity.id else {
                notify("warning: the execution of \(id) waits to be signed by `\(kept.by)`; run with that key")
                continue
            }
            let store = LedgerClaimStore(
                recorder: LedgerRecorder(
                    workspace: self, signer: signer, identity: identity, connection: connection, view: view), id: id)
            do throws(RunStop) {
                try store.recordAgain(kept.draft)
                dropUnsigned(id)
                notify("recorded the execution of \(id), which had waited to be signed")
            } catch {
                notify("warning: the execution of \(id) still waits to be signed or pushed: \(error.message)")
            }
        }
    }

    /// A person has said meanwhile what happened: the record has no place in the ledger any more, and is kept for people.
    private func keepLate(_ id: ChangeID, endedBy end: LedgerEvent) {
        let path = unsignedPath(id)
        do throws(SystemError) {
            try Files.writeAtomically(path + ".late", try Files.read(path), mode: 0o600)
            try Files.remove(path)
        } catch {
            return notify(
                "warning: the execution of \(id) came too late to be recorded, and stays at `\(path)`: \(error)")
        }
        notify(
            "warning: the execution of \(id) came too late to be recorded: `\(end.by)` had ended its claim; it is kept at "
                + "`\(path).late`")
    }

    private func unsigned(_ id: ChangeID) -> (by: String, draft: EventDraft)? {
        guard let bytes = try? Files.read(unsignedPath(id)), let record = try? JSONValue(parsing: bytes),
            record["change"]?.stringValue == id.text, let by = record["by"]?.stringValue, let body = record["body"],
            let headline = record["headline"]?.stringValue,
            let notes = record["notes"]?.arrayValue?.compactMap(\.stringValue),
            let files = record["files"]?.objectValue?.compactMapValues(\.stringValue)
        else { return nil }
        return (
            by,
            EventDraft(
                kind: .execution, change: nil, body: body, files: files.mapValues { Array($0.utf8) },
                headline: headline,
                notes: notes)
        )
    }
}
