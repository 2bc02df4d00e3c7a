internal import ChangeModel
public import Git
internal import OperatingSystem

/// The newest accepted tips of one repository, kept outside of every clone: a tip that does not contain them was rewound,
/// forked or is stale.
public struct HighWaterMarks: Sendable, Equatable {
    public var main: ObjectID
    public var ledger: ObjectID
    /// Where a reader begins on main: at the commit that the marked ledger commit names, or at an older one while a trust
    /// commit between the two waits for its event.
    public var ledgerMain: ObjectID

    public init(main: ObjectID, ledger: ObjectID, ledgerMain: ObjectID) {
        self.main = main
        self.ledger = ledger
        self.ledgerMain = ledgerMain
    }

    /// Where the marks of a repository lie: a file named by its pinned genesis in the user's state folder.
    public static func path(stateFolder: String, genesis: ObjectID) -> String {
        "\(stateFolder)/agentsafe/marks/\(genesis).json"
    }

    /// Reads the marks; nil when there are none yet.
    public static func read(_ path: String) throws(LedgerError) -> HighWaterMarks? {
        guard Files.kind(path, followingLinks: true) != nil else { return nil }
        guard let bytes = try? Files.read(path, limit: 4096), let json = try? JSONValue(parsing: bytes),
            let main = json["main"]?.stringValue.flatMap({ ObjectID($0) }),
            let ledger = json["ledger"]?.stringValue.flatMap({ ObjectID($0) }),
            let ledgerMain = json["ledger_main"]?.stringValue.flatMap({ ObjectID($0) })
        else {
            throw .refused(
                "the high-water marks at `\(path)` cannot be read; if nobody tampered with them, remove the file, "
                    + "and everything is verified from genesis again")
        }
        return HighWaterMarks(main: main, ledger: ledger, ledgerMain: ledgerMain)
    }

    /// Writes the marks.
    ///
    /// - Parameter supersedes: whether these marks contain those that are there by now; if not, nothing is written.
    public func write(_ path: String, if supersedes: (HighWaterMarks) -> Bool) throws(LedgerError) {
        let json: JSONValue = [
            "main": .string(main.description), "ledger": .string(ledger.description),
            "ledger_main": .string(ledgerMain.description),
        ]
        do throws(SystemError) {
            try Files.createDirectory(Files.parent(of: path), mode: 0o700)
            try Files.withLock(path + ".lock") { () throws(SystemError) in
                if let current = try? Self.read(path), !supersedes(current) { return }
                try Files.writeAtomically(path, json.evidenceBytes, mode: 0o600)
            }
        } catch {
            throw .refused(
                "the accepted tips cannot be kept: \(error); set AGENTSAFE_STATE_HOME to a folder that you may write")
        }
    }
}
