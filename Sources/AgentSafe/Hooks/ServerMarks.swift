internal import ChangeModel
internal import Git
internal import OperatingSystem

/// The newest tips that a server's hook has proved, so that a push to a long history is not judged from genesis again.
///
/// They lie in the repository itself, `agentsafe-marks.json`: the hook runs where the repository is kept, and whoever may
/// write there may replace the hook as well. They name only what the references held before a push, never what a push brings:
/// git may still refuse it after the hook has agreed.
struct ServerMarks: Equatable {
    var main: ObjectID
    /// The ledger's tip, and the main commit that it names.
    var ledger: Ledger?

    struct Ledger: Equatable {
        var tip: ObjectID
        var main: ObjectID
    }

    static let fileName = "agentsafe-marks.json"

    static func path(_ repository: Repository) -> String { repository.gitDirectory + fileName }

    /// - Returns: nil when there are none for this pin.
    static func read(_ repository: Repository, genesis: ObjectID) throws(AgentSafeError) -> ServerMarks? {
        let path = path(repository)
        guard Files.kind(path, followingLinks: true) != nil else { return nil }
        guard let bytes = try? Files.read(path, limit: 4096), let json = try? JSONValue(parsing: bytes),
            let pin = json["genesis"]?.stringValue.flatMap({ ObjectID($0) }),
            let main = json["main"]?.stringValue.flatMap({ ObjectID($0) }),
            let ledger = ledger(json)
        else {
            throw AgentSafeError(
                .failed,
                "the hook's marks cannot be read; on the server, look at `\(fileName)` in the repository, and if nobody "
                    + "tampered with it, remove it: the next push is then judged from genesis")
        }
        return pin == genesis ? ServerMarks(main: main, ledger: ledger.value) : nil
    }

    private struct Found { let value: Ledger? }

    private static func ledger(_ json: JSONValue) -> Found? {
        if json["ledger"] == nil { return Found(value: nil) }
        guard let tip = json.at("ledger", "tip")?.stringValue.flatMap({ ObjectID($0) }),
            let main = json.at("ledger", "main")?.stringValue.flatMap({ ObjectID($0) })
        else { return nil }
        return Found(value: Ledger(tip: tip, main: main))
    }

    func write(_ repository: Repository, genesis: ObjectID) throws(AgentSafeError) {
        let json: JSONValue = .compact([
            "genesis": .string(genesis.description), "main": .string(main.description),
            "ledger": ledger.map { ["tip": .string($0.tip.description), "main": .string($0.main.description)] },
        ])
        let path = Self.path(repository)
        do throws(SystemError) {
            try Files.writeAtomically(path, json.evidenceBytes, mode: 0o644)
            // Where several accounts push, each reads what another one wrote.
            try Files.setPermissions(path, 0o644)
        } catch {
            throw AgentSafeError(
                .failed,
                "the hook's marks cannot be written: \(error); on the server, give whoever pushes the right to write there"
            )
        }
    }
}
