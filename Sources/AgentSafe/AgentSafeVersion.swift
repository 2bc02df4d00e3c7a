internal import Ledger
internal import PolicyEngine

/// The versions that records depend on.
public enum AgentSafeVersion {
    /// Recorded with every decision.
    public static let engine = PolicyEngine.version
    /// Recorded in the ledger's genesis.
    public static let `protocol` = LedgerHistory.protocolVersion
}
