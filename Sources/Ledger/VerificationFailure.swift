public import Git

/// Something that should be authentic is not: a signature, the chain, a file, a state. Refusing is the right answer to it,
/// and nothing that follows it is read.
public struct VerificationFailure: Error, Sendable, CustomStringConvertible {
    public var branch: String?
    public var commit: ObjectID?
    public var file: String?
    public var reason: String
    public var advice: String?
    /// Where main stops being what its admins made it; nil for every other failure.
    public var foreign: ForeignMain?

    public init(
        branch: String? = nil, commit: ObjectID? = nil, file: String? = nil, reason: String, advice: String? = nil
    ) {
        self.branch = branch
        self.commit = commit
        self.file = file
        self.reason = reason
        self.advice = advice
    }

    /// `ledger commit 1f3a…, changes/…/before.json: its digest differs; …`
    public var description: String {
        var place = ""
        if let commit { place = [branch, "commit \(commit.short)"].compactMap { $0 }.joined(separator: " ") }
        if let file { place += (place.isEmpty ? "" : ", ") + "`\(file)`" }
        return [place.isEmpty ? nil : place, reason].compactMap { $0 }.joined(separator: ": ")
            + (advice.map { "; \($0)" } ?? "")
    }

    /// What a commit of main is that breaks a rule.
    var asForeign: VerificationFailure {
        var copy = self
        copy.reason = "a foreign commit: " + reason
        copy.advice = nil
        return copy
    }

    func at(branch: String, commit: ObjectID) -> VerificationFailure {
        var copy = self
        copy.branch = copy.branch ?? branch
        copy.commit = copy.commit ?? commit
        return copy
    }
}

/// Either the evidence is not authentic, or it could not be read at all.
public enum LedgerError: Error, Sendable, CustomStringConvertible {
    case notAuthentic(VerificationFailure)
    case git(GitError)
    /// A rule of the protocol forbids the step, though everything is authentic: a lock is held, a lease ended.
    case refused(String)

    public var description: String {
        switch self {
        case .notAuthentic(let failure): failure.description
        case .git(let error): error.description
        case .refused(let reason): reason
        }
    }
}

/// Runs Git reads inside code that throws `LedgerError`. Bytes that are no valid object are an authenticity failure.
func reading<Value>(_ body: () throws(GitError) -> Value) throws(LedgerError) -> Value {
    do {
        return try body()
    } catch {
        if error.code == .malformed { throw .notAuthentic(VerificationFailure(reason: error.message)) }
        throw .git(error)
    }
}

extension LedgerError {
    func at(branch: String, commit: ObjectID) -> LedgerError {
        if case .notAuthentic(let failure) = self { return .notAuthentic(failure.at(branch: branch, commit: commit)) }
        return self
    }

    /// Names the file where the failure names none itself.
    func about(_ file: String) -> LedgerError {
        guard case .notAuthentic(var failure) = self else { return self }
        failure.file = failure.file ?? file
        return .notAuthentic(failure)
    }

    /// Says what to do where the failure itself does not.
    func advising(_ advice: String) -> LedgerError {
        guard case .notAuthentic(var failure) = self else { return self }
        failure.advice = failure.advice ?? advice
        return .notAuthentic(failure)
    }

    static func notAuthentic(_ reason: String, file: String? = nil, advice: String? = nil) -> LedgerError {
        .notAuthentic(VerificationFailure(file: file, reason: reason, advice: advice))
    }
}
