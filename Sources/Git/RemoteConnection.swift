public import OperatingSystem

/// Fetches and pushes through the `git` program, so that people keep their ssh settings, credential helpers and proxies.
public struct RemoteConnection: Sendable {
    /// The folder that git runs in.
    public let directory: String
    /// The remote's address: what was configured, never rewritten.
    public let url: String
    public let environment: [String: String]
    /// Seconds after which a silent remote is given up.
    public let timeout: Int

    public static let defaultTimeout = 120

    public init(directory: String, url: String, environment: [String: String], timeout: Int = defaultTimeout) {
        self.directory = directory
        self.url = url
        var environment = environment
        environment["LC_ALL"] = "C"
        // A git that calls us through an alias hands down its own idea of where it is.
        // Settings from the environment could rewrite the address unseen.
        let inherited = [
            "GIT_DIR", "GIT_PREFIX", "GIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_NAMESPACE", "GIT_OBJECT_DIRECTORY",
            "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_CONFIG_PARAMETERS", "GIT_CONFIG_COUNT", "GIT_CONFIG_GLOBAL",
            "GIT_CONFIG_SYSTEM",
        ]
        for name in inherited { environment[name] = nil }
        self.environment = environment
        self.timeout = timeout
    }

    /// Runs `git` with `arguments` in the repository.
    public func git(_ arguments: [String]) throws(GitError) -> ProgramResult {
        do {
            return try Program.run(["git", "-C", directory] + arguments, environment: environment, timeout: timeout)
        } catch {
            throw GitError(
                .failed, error.isMissing ? "the program `git` is not in PATH; install it" : error.description)
        }
    }

    /// git's own setting that would send this address elsewhere; nil when there is none. Git itself is asked, in the same
    /// environment: it reads files and conditions that a library does not.
    public func rewriting() throws(GitError) -> String? {
        let result = try git(["config", "--null", "--get-regexp", "^url\\..*\\.(push)?insteadof$"])
        for entry in result.outputText.split(separator: "\0") {
            let parts = entry.split(separator: "\n", maxSplits: 1)
            if parts.count == 2, url.hasPrefix(parts[1]) { return String(parts[0]) }
        }
        return nil
    }

    /// Brings branches of the remote into `refs/remotes/<name>/`, and drops those that are gone there.
    ///
    /// - Parameter branches: names or, with a `*`, patterns; nothing else is asked for, whatever lies at the remote.
    /// - Parameter tidies: whether git may look for what is to be packed and cleared away afterwards.
    /// - Returns: a lock file that kept it from dropping them, if there was one; all else is up to date then.
    @discardableResult
    public func fetch(_ branches: [String] = ["*"], into name: String, tidies: Bool = true) throws(GitError) -> String?
    {
        var branches = branches
        while !branches.isEmpty {
            let refspecs = branches.map { "+refs/heads/\($0):refs/remotes/\(name)/\($0)" }
            var arguments = fetchArguments + (tidies ? [] : ["--no-auto-gc"])
            guard let failure = try fetch(arguments + ["--prune"], refspecs) else { return nil }
            if let lock = failure.lock, lock.path.hasSuffix("/packed-refs.lock") {
                arguments.append("--no-prune")
                if try fetch(arguments, refspecs) == nil { return lock.path }
            }
            guard let gone = failure.missing, let place = branches.firstIndex(of: gone) else { throw failure.error }
            branches.remove(at: place)
            _ = try git(["update-ref", "-d", "refs/remotes/\(name)/\(gone)"])
        }
        return nil
    }

    /// Git itself waits a moment for locks that others hold.
    private var fetchArguments: [String] {
        [
            "-c", "core.filesRefLockTimeout=1000", "-c", "core.packedRefsTimeout=1000", "fetch", "--quiet", "--no-tags",
            "--no-recurse-submodules", "--no-write-fetch-head",
        ]
    }

    /// What git could not bring, the lock file that stood in its way, and the branch that is not there.
    private typealias FetchFailure = (error: GitError, lock: ReferenceLock?, missing: String?)

    /// - Returns: nil when everything was fetched.
    private func fetch(_ arguments: [String], _ refspecs: [String]) throws(GitError) -> FetchFailure? {
        var attempt = 1
        while true {
            FaultPoint.reach("remote.fetch", refspecs.joined(separator: " "))
            let result = try git(arguments + ["--", url] + refspecs)
            FaultPoint.reach("remote.fetched", refspecs.joined(separator: " "))
            if result.status == 0 { return nil }
            let lock = ReferenceLock(named: result.errorText, in: directory)
            // Another git may have moved a reference while this one meant to: what it says then is out of date at once.
            let mayPass = lock?.remove() ?? result.errorText.contains("error: cannot lock ref")
            if attempt == 3 || !mayPass || result.timedOut {
                return (lock?.error ?? remoteError("fetch from", result), lock, Self.missingBranch(result.errorText))
            }
            attempt += 1
        }
    }

    /// The branch in git's `fatal: couldn't find remote ref refs/heads/ledger`.
    private static func missingBranch(_ words: String) -> String? {
        let start = "fatal: couldn't find remote ref refs/heads/"
        return words.split(separator: "\n").first { $0.hasPrefix(start) }.map { String($0.dropFirst(start.count)) }
    }

    /// What became of one reference in a push.
    public enum PushOutcome: Sendable, Equatable {
        case updated
        /// The remote was there already: nobody won by this push.
        case upToDate
        /// The remote or the lease said no, in git's words.
        case rejected(String)
    }

    /// One reference to push. `expected` nil: it must not exist at the remote.
    public struct PushItem: Sendable {
        public var source: ObjectID
        public var reference: String
        public var expected: ObjectID?

        public init(source: ObjectID, reference: String, expected: ObjectID?) {
            self.source = source
            self.reference = reference
            self.expected = expected
        }
    }

    /// Pushes commits under leases, all or none. An outcome is what git said, which proves nothing about a race: fetch back
    /// and look.
    ///
    /// - Throws: `GitError` when git said nothing about the references: the remote may have them or not.
    public func push(_ items: [PushItem]) throws(GitError) -> [PushOutcome] {
        var arguments = [
            "push", "--porcelain", "--no-verify", "--no-follow-tags", "--no-signed", "--recurse-submodules=no",
        ]
        if items.count > 1 { arguments.append("--atomic") }
        for item in items {
            arguments.append("--force-with-lease=\(item.reference):\(item.expected?.description ?? "")")
        }
        let specifications = items.map { "\($0.source):\($0.reference)" }
        FaultPoint.reach("remote.push", specifications.joined(separator: " "))
        let result = try git(arguments + ["--", url] + specifications)
        FaultPoint.reach("remote.pushed", specifications.joined(separator: " "))
        var outcomes: [PushOutcome] = []
        for item in items {
            let line = result.outputText.split(separator: "\n").first {
                let fields = $0.split(separator: "\t", omittingEmptySubsequences: false)
                return fields.count >= 2 && fields[1].hasSuffix(":\(item.reference)")
            }
            guard let line else { throw remoteError("push to", result) }
            switch line.first {
            case "!":
                let words = line.split(separator: "\t").last.map(String.init) ?? "rejected"
                outcomes.append(.rejected(words + remoteWords(result)))
            case "=": outcomes.append(.upToDate)
            default: outcomes.append(.updated)
            }
        }
        return outcomes
    }

    /// An address without the user's name and password, for messages and comparisons.
    public static func withoutCredentials(_ url: String) -> String {
        for scheme in ["https://", "http://"] where url.hasPrefix(scheme) {
            let rest = url.dropFirst(scheme.count)
            guard let at = rest.prefix(while: { $0 != "/" }).lastIndex(of: "@") else { return url }
            return scheme + rest[rest.index(after: at)...]
        }
        return url
    }

    private func remoteWords(_ result: ProgramResult) -> String {
        let words = result.errorText.split(whereSeparator: \.isNewline).filter { $0.hasPrefix("remote:") }.prefix(3)
        return words.isEmpty ? "" : " (\(words.joined(separator: " ")))"
    }

    private func remoteError(_ verb: String, _ result: ProgramResult) -> GitError {
        let lines = result.errorText.split(whereSeparator: \.isNewline).filter { !$0.hasPrefix("hint:") }
        let words = (lines.first { $0.hasPrefix("fatal:") } ?? lines.first).map(String.init) ?? "git said nothing"
        let reason = result.timedOut ? "no answer within \(timeout) seconds" : String(words.prefix(300))
        return GitError(
            .remote,
            "cannot \(verb) `\(Self.withoutCredentials(url))`: \(reason); check the address, the network and your rights there"
        )
    }
}
