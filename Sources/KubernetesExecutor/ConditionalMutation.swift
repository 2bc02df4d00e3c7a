internal import ChangeModel
internal import Runner

/// One patch, made for one version of an object.
struct Mutation {
    let address: ResourceAddress
    let type: PatchType
    let body: JSONValue
}

/// Changes an object only as long as it is the one that before-state describes.
///
/// Controllers bump `resourceVersion` with every status update, so the captured version alone would fail for no reason.
/// The object is read again right before the patch; its digest (`ObjectDigest`) must be the captured one, and the patch is
/// conditional on the version just read. If the version moved in between, the same comparison is made again.
struct ConditionalMutation {
    let client: APIClient
    let object: ResourceAddress
    let before: CapturedState
    let key: EvidenceKey

    private static let maximumAttempts = 3

    /// - Parameter make: builds the patch from the object as it is; nil when there is nothing to change.
    /// - Returns: the API's answer to the patch, nil when nothing had to be sent.
    func apply(
        mayMutate: () -> Bool, make: (JSONValue) throws(ExecutionError) -> Mutation?
    ) throws(ExecutionError) -> JSONValue? {
        guard let expected = before.objectDigest else {
            throw ExecutionError(
                code: .invalid, message: "before-state of \(object) has no digest; capture it before executing")
        }
        var lastVersion: String?
        for _ in 0..<Self.maximumAttempts {
            let current = try client.get(object)
            guard try ObjectDigest.of(current, at: object, key: key) == expected else {
                throw ExecutionError(
                    code: .conflict,
                    message: "\(object) changed since before-state was taken; look at it and propose again")
            }
            let version = current.at("metadata", "resourceVersion")?.stringValue
            guard version != lastVersion || lastVersion == nil else {
                throw ExecutionError(
                    code: .invalid,
                    message: "cannot patch \(object): the API server rejected the patch as invalid; nothing was applied"
                )
            }
            lastVersion = version
            guard let mutation = try make(current) else { return nil }
            guard mayMutate() else {
                throw ExecutionError(
                    code: .leaseEnded, message: "the lease ended before \(object) was changed; nothing was sent")
            }
            switch try client.patch(mutation.address, type: mutation.type, body: mutation.body) {
            case .applied(let answer): return answer
            case .versionChanged: continue
            case .busy(let seconds):
                client.sleep(seconds * 1000)
                lastVersion = nil
            }
        }
        throw ExecutionError(
            code: .conflict,
            message: "\(object) could not be patched in \(Self.maximumAttempts) attempts: it is being updated all the "
                + "time, or the server is busy; nothing was applied, try again later")
    }
}
