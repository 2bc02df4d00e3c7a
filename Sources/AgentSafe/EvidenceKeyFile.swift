internal import ChangeModel
internal import OperatingSystem
internal import Runner

extension Workspace {
    /// The key for what this user's runs record without showing it: random bytes in the state folder, made once, so that one
    /// run's record can be compared with another's. A machine that remembers nothing takes a new one for each process.
    func evidenceKey() throws(AgentSafeError) -> EvidenceKey {
        if trustedTips != nil { return EvidenceKey(host.random(EvidenceKey.size)) }
        let path = try stateFolder() + "/agentsafe/evidence.key"
        let bytes: [UInt8]
        do throws(SystemError) {
            if Files.kind(path, followingLinks: true) == nil { try makeEvidenceKey(path) }
            bytes = try Files.read(path, limit: 1024)
        } catch {
            throw AgentSafeError(
                .failed,
                "the key for recorded hashes cannot be kept: \(error); set AGENTSAFE_STATE_HOME to a folder that you may write"
            )
        }
        guard bytes.count == EvidenceKey.size else {
            throw AgentSafeError(
                .failed,
                "the key for recorded hashes at `\(path)` is damaged; remove the file, and a new one is made, whose hashes cannot be "
                    + "compared with earlier ones")
        }
        return EvidenceKey(bytes)
    }

    private func makeEvidenceKey(_ path: String) throws(SystemError) {
        try Files.createDirectory(Files.parent(of: path), mode: 0o700)
        let key = host.random(EvidenceKey.size)
        try Files.withLock(path + ".lock") { () throws(SystemError) in
            // Another process may have been faster.
            if Files.kind(path, followingLinks: true) != nil { return }
            try Files.writeAtomically(path, key, mode: 0o600)
        }
    }
}
