import ChangeModel
import OperatingSystem
import Testing

/// Shipping, and what lies at the other end.
extension Governance {
    /// The place that sam ships to.
    var shelf: String { "\(directory.path)/evidence" }

    @discardableResult
    func ship(
        _ status: Int32 = 0, to place: String? = nil, as actor: String = "sam", options: [String] = [],
        adding variables: [String: String] = [:], sourceLocation: Testing.SourceLocation = #_sourceLocation
    ) throws -> CommandResult {
        try expect(
            status, actor, ["ledger", "ship", place ?? shelf, "--output", "json"] + options, adding: variables,
            sourceLocation: sourceLocation)
    }

    /// `verify-shipped` by somebody who has nothing but the copy and the genesis.
    @discardableResult
    func audit(
        _ status: Int32 = 0, of place: String? = nil, options: [String] = [],
        adding variables: [String: String] = [:],
        sourceLocation: Testing.SourceLocation = #_sourceLocation
    ) throws -> JSONValue {
        let empty = "\(directory.path)/auditor"
        try Files.createDirectory(empty)
        let words = ["ledger", "verify-shipped", place ?? shelf, "--genesis", try genesis, "--output", "json"]
        let state = ["AGENTSAFE_STATE_HOME": "\(directory.path)/auditor-state", "TMPDIR": empty]
        let result = try expect(
            status, "stranger", words + options, in: empty, adding: state.merging(variables) { $1 },
            sourceLocation: sourceLocation)
        #expect(try Files.list(empty).isEmpty, "the rebuilt repository stays", sourceLocation: sourceLocation)
        return try result.json
    }

    /// Height of the remote's newest event.
    var newestHeight: Int {
        get throws { Int(try run(["git", "-C", remote, "rev-list", "--count", "ledger"])).map { $0 - 1 } ?? -1 }
    }

    func shipment(_ height: Int, in folder: String? = nil) -> String {
        "\(folder ?? shelf)/\(Self.shipmentName(height))"
    }

    static func shipmentName(_ height: Int) -> String {
        String(repeating: "0", count: 12 - String(height).count) + "\(height).bundle"
    }

    /// Names of the faults that an audit found, each with its kind.
    static func faults(_ report: JSONValue) -> [String] {
        (report["faults"]?.arrayValue ?? []).map {
            "\($0["fault"]?.stringValue ?? "") \($0["name"]?.stringValue ?? "")"
        }
    }
}
