import ChangeModel
import Documents
import Git
import SSHSignature

@testable import AgentSafe
@testable import Ledger

extension WalkWorld {
    func land(_ number: Int, _ landing: WalkOperation.Landing) throws -> WalkResult {
        let change = try change(number)
        var files = change.files
        let (file, signature) = (
            "\(change.id.folder)/\(Change.fileName)", "\(change.id.folder)/\(Change.signatureName)"
        )
        switch landing.twist {
        case .none: break
        case .documents: files["docs/beside.md"] = Array("Beside \(mainTip).\n".utf8)
        case .policy: files["policies/beside.yaml"] = Array("rules: []\n".utf8)
        case .half: files[signature] = .some(nil)
        case .extraFile: files["\(change.id.folder)/notes.txt"] = Array("Notes.\n".utf8)
        case .edited:
            var edited = change.change
            edited.reason += "!"
            files[file] = try ChangeDocument.emit(edited)
        }
        let parents: [ObjectID] =
            switch landing.way {
            case .fastForward: []
            case .squash: [mainTip]
            case .merge: [mainTip, change.tip]
            case .octopus: [mainTip, change.tip, base.genesis]
            case .foxtrot: [change.tip, mainTip]
            }
        if landing.way == .fastForward { return try moveMain(to: change.tip) }
        return try moveMain(
            to: try commit(
                view.state.tree, files, parents: parents, message: subject(landing.subject, change.id),
                signedBy: landing.signer))
    }

    private func subject(_ subject: WalkOperation.Landing.Subject, _ id: ChangeID) -> String {
        switch subject {
        case .branch: "Merge branch '\(id.branch)'"
        case .remoteBranch: "Merge remote-tracking branch 'origin/\(id.branch)'"
        case .intoMain: "Merge branch '\(id.branch)' into main"
        case .pull: "Merge branch '\(id.branch)' of https://example.com/governance"
        case .intoTest: "Merge branch '\(id.branch)' into test"
        case .other: "Land it"
        case .otherChange: "Merge branch 'change/chg-20261123-0000000000'"
        }
    }

    func vandalise(_ vandalism: WalkOperation.Vandalism, _ number: Int?) throws -> WalkResult {
        var files: [String: [UInt8]?] = [:]
        let parents = [mainTip]
        switch vandalism {
        case .editsPolicy:
            files["policies/rules.yaml"] =
                WalkBase.catalogue(ModelPolicy(staging: .closed))["actions/scale-deployment.yaml"]
        case .strayFile: files["notes.txt"] = Array("Notes.\n".utf8)
        case .editsLanded, .removesLanded:
            let change = try change(number ?? 0)
            for path in change.files.keys {
                files[path] = vandalism == .removesLanded ? .some(nil) : Array("edited\n".utf8)
            }
        case .rewinds:
            guard let parent = try repository.commit(mainTip).parents.first else { return .refused }
            return try moveMain(to: parent)
        }
        return try moveMain(
            to: try commit(view.state.tree, files, parents: parents, message: "Tidy up", signedBy: nil))
    }

    // MARK: - Trust

    func trust(
        _ edit: WalkOperation.TrustEdit, signers: [ModelKey], fault: WalkOperation.TrustFault, adopts: Bool
    ) throws -> WalkResult {
        var registry = view.state.identities
        var files: [String: [UInt8]] = [:]
        switch edit {
        case .revoke(let key):
            alter(key, in: &registry) { entry in
                entry.revoked = true
                entry.validBefore = max(now, entry.validAfter ?? now)
            }
        case .revive(let key): alter(key, in: &registry) { $0.revoked = false }
        case .addKey(let key):
            alter(key.owner, in: &registry) {
                $0.keys.append(IdentityKey(publicKey: base.signers[key]!.publicKey.text))
            }
        case .role(let actor, let role, let isGiven):
            alter(actor, in: &registry) { identity in
                identity.roles.removeAll { $0 == role.rawValue }
                if isGiven { identity.roles.append(role.rawValue) }
            }
        case .staging(let rule):
            files = ["policies/rules.yaml": WalkBase.catalogue(ModelPolicy(staging: rule))["policies/rules.yaml"]!]
        case .action: files = try bumped("actions/scale-deployment.yaml", "Edition ")
        case .target(let target):
            files = try bumped("inventory.yaml", "owner: team-", after: "- id: \(target.rawValue)\n")
        case .threshold(let threshold): registry.adminThreshold = threshold
        }
        registry.trustVersion += fault == .versionSkipped ? 2 : fault == .versionKept ? 0 : 1
        if fault == .removesKey { alter(.rogue, in: &registry) { $0.keys = [] } }
        if fault == .landsToo {
            let waiting = try changes.sorted { $0.key < $1.key }.first {
                try repository.folder($0.value.id.folder, in: view.state.tree).isEmpty
            }
            for (path, bytes) in waiting?.value.files ?? [:] { files[path] = bytes }
        }
        if fault == .otherLedger {
            var configuration = view.state.configuration
            configuration.ledgerGenesis = Digest(of: [1])
            files[Configuration.fileName] = ConfigurationDocument.emit(configuration)
        }
        var parent = mainTip
        if adopts {
            parent = try commit(
                view.state.tree, ["notes.txt": Array("Notes.\n".utf8)], parents: [mainTip], message: "Foreign",
                signedBy: nil)
        }
        var commit = TrustCommit(parent: parent, state: view.state, registry: registry, files: files)
        commit.statesMore = fault == .otherStatement
        if fault == .staleAllowedSigners { commit.allowedSigners = AllowedSigners.emit(registry) + Array("# \n".utf8) }
        return try moveMain(
            to: try commit.write(signers: signers, in: repository, by: base.signers, time: now.seconds))
    }

    private func alter(_ actor: ModelActor, in registry: inout IdentityRegistry, _ edit: (inout Identity) -> Void) {
        guard let index = registry.identities.firstIndex(where: { $0.id == actor.rawValue }) else { return }
        edit(&registry.identities[index])
    }

    private func alter(_ key: ModelKey, in registry: inout IdentityRegistry, _ edit: (inout IdentityKey) -> Void) {
        let text = base.signers[key]!.publicKey.text
        alter(key.owner, in: &registry) { identity in
            guard let index = identity.keys.firstIndex(where: { $0.publicKey == text }) else { return }
            edit(&identity.keys[index])
        }
    }

    /// The file with the number after some words raised by one.
    private func bumped(_ path: String, _ words: String, after place: String = "") throws -> [String: [UInt8]] {
        let text = String(decoding: try repository.file(path, in: view.state.tree) ?? [], as: UTF8.self)
        let start = place.isEmpty ? text.startIndex : text.firstRange(of: place)!.upperBound
        let found = text[start...].firstRange(of: words)!
        let digits = text[found.upperBound...].prefix { $0.isNumber }
        let next = text[..<found.upperBound] + String(Int(digits)! + 1) + text[digits.endIndex...]
        return [path: Array(next.utf8)]
    }
}
