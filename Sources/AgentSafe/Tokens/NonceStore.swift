public import ChangeModel
public import OperatingSystem
public import Tokens

/// Why a ticket could not be used up. Whoever meets any of these must not act.
public enum NonceError: Error, Sendable, CustomStringConvertible {
    /// Somebody used it, or somebody may have: of what was cleared away nobody can tell any more.
    case used(String)
    /// The store cannot be trusted to remember: a full disk, a folder that cannot be read or written.
    case unusable(String)

    public var description: String {
        switch self {
        case .used(let reason), .unusable(let reason): reason
        }
    }
}

/// Remembers on disk which tickets were used, for executors outside of the repository. One folder for all processes of one
/// machine, or of several on a file system that keeps the promise of `O_EXCL` and of locks.
///
/// One file for each ticket, named by the SHA-256 of its issuer and nonce: whoever creates it has the ticket. It is there, and
/// its name synced, before anybody is told so; a process that dies in between has used the ticket up. The file holds the
/// ticket's `exp`. Files whose tickets have expired are cleared away, and `cleared` then holds the latest `exp` of any that was: a
/// ticket that expires no later is refused from then on, whatever the clock says, so that setting it back brings none to
/// life again.
public struct NonceStore: Sendable {
    public let folder: String

    /// Of one clearing; the rest goes with the next.
    private static let clearedAtOnce = 1000
    private static let clearedName = "cleared"

    /// - Parameter folder: made where it is missing.
    public init(folder: String) { self.folder = folder }

    private enum Outcome {
        case consumed, used, forgotten
    }

    /// Uses a ticket up.
    public func consume(_ ticket: ExecutionTicket, now: Timestamp) throws(NonceError) {
        let outcome: Outcome
        do throws(SystemError) {
            outcome = try note(ticket, now: now)
        } catch {
            throw .unusable("whether the ticket was used cannot be told, so it must not be: \(error)")
        }
        switch outcome {
        case .consumed: return
        case .used: throw .used("the ticket was used before")
        case .forgotten:
            throw .used(
                "which tickets as old as this one were used is not remembered any more; have a new one issued")
        }
    }

    private func note(_ ticket: ExecutionTicket, now: Timestamp) throws(SystemError) -> Outcome {
        let name = Digest(of: JSONValue.strings([ticket.issuer, ticket.nonce]).canonicalBytes).hexadecimal
        try Files.createDirectory(folder, mode: 0o700)
        return try Files.withLock("\(folder)/lock") { () throws(SystemError) in
            if let cleared = try clearedUntil(), ticket.expires.seconds <= cleared { return .forgotten }
            do throws(SystemError) {
                try Files.create("\(folder)/\(name)", Array("\(ticket.expires.seconds)\n".utf8), mode: 0o600)
            } catch {
                if error.isExisting { return .used }
                throw error
            }
            try Files.sync(folder: folder)
            // The ticket is used, whatever becomes of the old ones.
            try? clear(now: now, keeping: name)
            return .consumed
        }
    }

    /// The latest `exp` that was cleared away; nil where nothing was.
    private func clearedUntil() throws(SystemError) -> Int64? {
        let path = "\(folder)/\(Self.clearedName)"
        let content: [UInt8]
        do throws(SystemError) {
            content = try Files.read(path, limit: 64)
        } catch {
            if error.isMissing { return nil }
            throw error
        }
        guard let seconds = Int64(String(decoding: content.filter { $0 != 0x0A }, as: UTF8.self)) else {
            throw SystemError(call: "make sense of", subject: path, code: 0)
        }
        return seconds
    }

    /// Clears away the tickets that nobody accepts any more, once it is written down that they are gone.
    private func clear(now: Timestamp, keeping own: String) throws(SystemError) {
        var (latest, names): (Int64, [String]) = (0, [])
        for name in try Files.list(folder) where name.utf8.count == 64 && name != own {
            guard names.count < Self.clearedAtOnce else { break }
            let text = String(
                decoding: try Files.read("\(folder)/\(name)", limit: 64).filter { $0 != 0x0A }, as: UTF8.self)
            // A file without its time was left by a process that died, and stays: nobody knows when its ticket ends.
            guard let seconds = Int64(text) else { continue }
            guard Timestamp(seconds: seconds) + .seconds(ExecutionTicket.skew) < now else { continue }
            latest = max(latest, seconds)
            names.append(name)
        }
        guard !names.isEmpty else { return }
        if latest > (try clearedUntil() ?? 0) {
            try Files.writeAtomically("\(folder)/\(Self.clearedName)", Array("\(latest)\n".utf8), mode: 0o600)
            try Files.sync(folder: folder)
        }
        for name in names { try Files.remove("\(folder)/\(name)") }
    }
}

extension NonceStore {
    /// Where this user remembers used tickets, unless told otherwise.
    public static func usual(_ host: Host) throws(AgentSafeError) -> NonceStore {
        NonceStore(folder: try Workspace.stateFolder(of: host) + "/agentsafe/nonces")
    }
}
