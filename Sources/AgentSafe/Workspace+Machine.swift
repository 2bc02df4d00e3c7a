internal import ChangeModel
internal import Git
internal import Ledger
internal import OperatingSystem

/// What a workspace asks of the machine that it runs on.
extension Workspace {
    /// Seconds after which a silent remote is given up: `AGENTSAFE_TIMEOUT`, `git config agentsafe.timeout`.
    func timeout() throws(AgentSafeError) -> Int {
        guard let text = try setting(nil, variable: "AGENTSAFE_TIMEOUT", configuration: "agentsafe.timeout") else {
            return RemoteConnection.defaultTimeout
        }
        guard let seconds = Int(text), (1...86_400).contains(seconds) else {
            throw AgentSafeError(
                .usage,
                "`\(text.prefix(40))` is no number of seconds from 1 to 86400; correct AGENTSAFE_TIMEOUT or "
                    + "`git config agentsafe.timeout`")
        }
        return seconds
    }

    /// One runner for each clone: two would take each other's records from the outbox. The lock ends with the process.
    func lockForRunning() throws(AgentSafeError) -> FileLock {
        let lock: FileLock?
        do throws(SystemError) {
            lock = try FileLock.acquire(folder: repository.commonDirectory, waiting: false)
        } catch {
            throw AgentSafeError(.failed, "\(error); a runner needs a clone on a disk that can lock files")
        }
        guard let lock else {
            throw AgentSafeError(
                .failed,
                "another `agentsafe run` is at work in this clone; wait until it has ended, or use a clone of its own")
        }
        return lock
    }

    /// A clock far behind would date a claim's lease into the past, where others end it while it is still held here.
    func checkClock(_ view: VerifiedView) throws(AgentSafeError) {
        let newest = view.ledger.tip.event
        guard newest.at > now + clockSkew else { return }
        throw AgentSafeError(
            .failed,
            "this machine's clock says \(now), and the ledger's newest event is dated \(newest.at); set the clock, or, if it is "
                + "right, find out whose clock was wrong: `\(newest.by)` recorded that event")
    }
}
