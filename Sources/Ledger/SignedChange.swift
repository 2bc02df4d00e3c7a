public import ChangeModel
internal import Documents
public import Git
internal import SSHSignature

/// A change whose file is canonical and whose signature is its proposer's.
public struct SignedChange: Sendable {
    public let change: Change
    public let bytes: [UInt8]
    public let signature: [UInt8]
    public let digest: Digest
    public let proposer: Identity
    /// The key that signed; its window is judged when a claim is made.
    public let key: IdentityKey

    /// Checks file and signature by the identities of one main commit.
    ///
    /// - Parameters:
    ///   - folder: where the files lie; it must be the function of the identifier that `ChangeID.folder` is.
    ///   - evenRevoked: accepts a key that was taken back since: for what landed before, whose record must go on. Whether it
    ///     may still run is for `Judgement` to say.
    public init(
        bytes: [UInt8], signature: [UInt8], folder: String, repository: String, identities: IdentityRegistry,
        evenRevoked: Bool = false
    ) throws(LedgerError) {
        let path = "\(folder)/\(Change.fileName)"
        do {
            change = try ChangeDocument.parse(SourceFile(name: path, bytes: bytes))
        } catch {
            throw .notAuthentic(error.summary)
        }
        guard change.id.folder == folder else {
            throw .notAuthentic(
                "the change says it is `\(change.id)`, which belongs into `\(change.id.folder)`", file: path)
        }
        guard change.repository == repository else {
            throw .notAuthentic(
                "the change is for repository `\(change.repository)`, not for `\(repository)`", file: path)
        }
        let signaturePath = "\(folder)/\(Change.signatureName)"
        let parsed: SSHSignature
        do {
            parsed = try SSHSignature(armored: signature)
        } catch {
            throw .notAuthentic("the signature cannot be read: \(error)", file: signaturePath)
        }
        let signatory: Signatory
        do {
            signatory = try identities.signatory(
                of: parsed, over: bytes, namespace: Change.signatureNamespace, evenRevoked: evenRevoked)
        } catch {
            if case .notAuthentic(var failure) = error {
                failure.file = signaturePath
                throw .notAuthentic(failure)
            }
            throw error
        }
        guard signatory.identity.id == change.proposer else {
            throw .notAuthentic(
                "the change names `\(change.proposer)` as its proposer, but `\(signatory.identity.id)` signed it",
                file: signaturePath)
        }
        guard signatory.identity.kind != .service else {
            throw .notAuthentic("`\(signatory.identity.id)` is a service, and services propose nothing", file: path)
        }
        self.bytes = bytes
        self.signature = signature
        digest = Digest(of: bytes)
        proposer = signatory.identity
        key = signatory.key
    }

    private init(_ other: SignedChange, _ signatory: Signatory) {
        change = other.change
        bytes = other.bytes
        signature = other.signature
        digest = other.digest
        proposer = signatory.identity
        key = signatory.key
    }

    /// The same file and signature by the identities of another main commit: what `init(bytes:…)` makes of them there, with
    /// `evenRevoked`. nil where it would refuse them.
    func requalified(by main: MainState) -> SignedChange? {
        guard change.repository == main.repositoryID,
            let (identity, key) = main.identities.owner(ofKey: key.publicKey), identity.id == change.proposer,
            identity.kind != .service
        else { return nil }
        return SignedChange(self, Signatory(identity: identity, key: key))
    }

    /// Reads the change with this identifier from a tree; nil when the tree holds none.
    public static func read(
        _ id: ChangeID, in tree: ObjectID, of repository: Repository, by state: MainState, evenRevoked: Bool = false
    ) throws(LedgerError) -> SignedChange? {
        let entries = try reading { () throws(GitError) in try repository.folder(id.folder, in: tree) }
        if entries.isEmpty { return nil }
        guard entries.map(\.name) == [Change.fileName, Change.signatureName],
            entries.allSatisfy({ $0.mode == TreeEntry.fileMode })
        else {
            throw .notAuthentic(
                "a change folder holds exactly two plain files, change.yaml and change.yaml.sig", file: id.folder)
        }
        let bytes = try reading { () throws(GitError) in
            try repository.blob(entries[0].id, limit: Change.maximumSize)
        }
        let signature = try reading { () throws(GitError) in try repository.blob(entries[1].id, limit: 64 << 10) }
        return try SignedChange(
            bytes: bytes, signature: signature, folder: id.folder, repository: state.repositoryID,
            identities: state.identities, evenRevoked: evenRevoked)
    }
}
