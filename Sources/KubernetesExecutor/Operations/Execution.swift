internal import ChangeModel
internal import Runner

/// One execution of one step: what it may use, and the way in which it may change something.
struct Execution {
    let session: ClusterSession
    let action: ActionDefinition
    let before: CapturedState
    let mayMutate: () -> Bool
    let progress: (String) -> Void

    private static let maximumAttempts = 3

    var client: APIClient { session.client }

    /// Sends one mutation, if the lease still holds.
    func send(_ mutation: Mutation) throws(ExecutionError) -> MutationOutcome {
        guard mayMutate() else {
            throw ExecutionError(
                code: .leaseEnded, message: "the lease ended before \(mutation.address) was changed; nothing was sent")
        }
        return try client.send(mutation)
    }

    /// Changes an object only as long as it is the one that before-state describes.
    ///
    /// Controllers bump `resourceVersion` with every status update, so the captured version alone would fail for no reason.
    /// The first attempt is conditional on the very version that before-state describes. When the server refuses it, or the
    /// request cannot be conditional, the object is read again; its digest (`ObjectDigest`) must be the captured one, and
    /// the next attempt is conditional on the version just read.
    ///
    /// - Parameters:
    ///   - expected: the digest that the object must have; nil: there must be none.
    ///   - make: builds the request from the object as it is; nil when there is nothing to change.
    /// - Returns: the object as it was, and what was applied; nil when nothing had to be sent.
    func change(
        _ object: ResourceAddress, expecting expected: String?,
        make: (JSONValue?) throws(ExecutionError) -> Mutation?
    ) throws(ExecutionError) -> (current: JSONValue?, applied: AppliedMutation?) {
        let seen = session.sightings.take(object, for: .mutation)
        // What was seen then was held against nothing but itself, so only the very same version will do.
        var first: JSONValue?? = seen.flatMap { $0?.version == before.version ? .some($0) : nil }
        var lastVersion: String?
        for attempt in 0..<Self.maximumAttempts {
            var current: JSONValue?
            var mutation: Mutation?
            var isCurrent = false
            if let seen = first, let made = try make(seen), made.isConditional {
                (current, mutation, isCurrent) = (seen, made, true)
            }
            first = nil
            if !isCurrent {
                current = try client.find(object)
                try expect(expected, of: current, at: object)
                let version = current?.version
                guard version == nil || version != lastVersion else {
                    throw ExecutionError(
                        code: .invalid,
                        message: "cannot change \(object): the API server rejected the request as invalid; nothing was "
                            + "applied")
                }
                mutation = try make(current)
            }
            lastVersion = current?.version
            guard let mutation else { return (current, nil) }
            switch try send(mutation) {
            case .applied(let answer):
                return (current, AppliedMutation(mutation: mutation, current: current, answer: answer))
            case .objectChanged where attempt == 0 && isCurrent: lastVersion = nil
            case .objectChanged: continue
            case .busy(let seconds), .budgetForbids(let seconds?):
                client.sleep(seconds * 1000)
                lastVersion = nil
            case .budgetForbids(nil), .dryRunUnsupported: break
            case .notFound: throw missing(mutation.address)
            }
        }
        throw ExecutionError(
            code: .conflict,
            message: "\(object) could not be changed in \(Self.maximumAttempts) attempts: it is being updated all the "
                + "time, or the server is busy; nothing was applied, try again later")
    }

    private func expect(
        _ expected: String?, of current: JSONValue?, at object: ResourceAddress
    ) throws(ExecutionError) {
        let found = try current.map { (current) throws(ExecutionError) in
            try ObjectDigest.of(current, at: object, key: session.key)
        }
        guard found != expected else { return }
        if current == nil { throw missing(object) }
        throw ExecutionError(
            code: .conflict,
            message: expected == nil
                ? "\(object) exists already, and did not when before-state was taken; look at it and propose again"
                : "\(object) changed since before-state was taken; look at it and propose again")
    }

    private func missing(_ object: ResourceAddress) -> ExecutionError {
        ExecutionError(
            code: .notFound, message: "there is no \(object) any more; nothing was changed, look what became of it")
    }
}

/// A mutation that the server took.
struct AppliedMutation {
    let mutation: Mutation
    /// The object as it was before; nil when there was none.
    let current: JSONValue?
    let answer: JSONValue
}

extension JSONValue {
    /// An object's `metadata.resourceVersion`.
    var version: String? { at("metadata", "resourceVersion")?.stringValue }
    var uid: String? { at("metadata", "uid")?.stringValue }
    var name: String? { at("metadata", "name")?.stringValue }

    /// The part of a patch's `metadata` that makes it conditional.
    var versionCondition: JSONValue { .compact(["resourceVersion": at("metadata", "resourceVersion")]) }
}
