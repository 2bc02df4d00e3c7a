import ChangeModel
import Documents
import Testing

private func configuration(_ text: String) throws(DocumentError) -> Configuration {
    try ConfigurationDocument.parse(SourceFile(name: "agentsafe.yaml", text: text))
}

@Suite("A configuration")
struct ConfigurationTests {
    @Test("says where everything is, and when proposals end")
    func full() throws {
        let configuration = try ConfigurationDocument.parse(try Fixture.valid("configuration-full.yaml"))
        #expect(
            configuration
                == Configuration(
                    repository: "51t4bdacbn17p35b5604fjp1nc", ledgerGenesis: Digest(of: []),
                    ledgerURLs: ["git@example.com:team/ops.git", "https://[fe80::1]/ops.git", "../bare.git"],
                    registry: "governance/actions", policies: "governance/policies",
                    inventory: "governance/inventory.yaml", identities: "identities.yaml", targetBinding: .advisory,
                    approvals: [ApprovalRequirement(role: "approver", count: 2)],
                    terms: ApprovalTerms(
                        reviewBy: 5400, executeWithin: 45,
                        breakGlass: BreakGlassTerms(roles: ["sre"], reviewWithin: 86_400)), defaultExpiry: 5400,
                    maximumExpiry: 259_200))
    }

    @Test("of the Python project loads, and says what is not enforced")
    func python() throws {
        let configuration = try ConfigurationDocument.parse(try Fixture.valid("configuration-python.yaml"))
        var expected = Configuration()
        expected.rateLimit = RateLimit(maximumRequests: 10, window: 30, breakerThreshold: 5)
        expected.cumulativeRisk = CumulativeRisk()
        expected.unenforced = ["audit_log", "signing_key", "issuer"]
        #expect(configuration == expected)
    }

    @Test("reads back as it was written")
    func emission() throws {
        var full = try ConfigurationDocument.parse(try Fixture.valid("configuration-full.yaml"))
        full.unenforced = []
        var closed = full
        closed.terms.breakGlass = BreakGlassTerms(roles: [])
        let limited = Configuration(
            rateLimit: RateLimit(
                maximumRequests: 1, window: 2, breakerThreshold: 3, breakerWindow: 4, breakerCooldown: 5,
                maximumRecordedDenials: 6),
            cumulativeRisk: CumulativeRisk(
                window: 7, scores: RiskScores(low: 8, medium: 9, high: 10, critical: 11), escalationThreshold: 12,
                denyThreshold: 13))
        for configuration in [
            full, closed, Configuration(), Configuration(repository: "00000000000000000000000e12"), limited,
        ] {
            let bytes = ConfigurationDocument.emit(configuration)
            #expect(try ConfigurationDocument.parse(SourceFile(name: "a", bytes: bytes)) == configuration)
        }
    }

    @Test(
        "has limits where their section is there, with defaults for what it leaves out",
        arguments: [
            ("rate_limit: {}\n", RateLimit()), ("rate_limit:\n", RateLimit()), ("rate_limit: null\n", nil),
            ("registry: actions\n", nil), ("rate_limit: {max_requests: 7}\n", RateLimit(maximumRequests: 7)),
        ] as [(String, RateLimit?)])
    func limits(text: String, expected: RateLimit?) throws {
        #expect(try configuration(text).rateLimit == expected)
    }

    @Test(
        "has no window that reaches further than the ledger keeps at hand, and says so",
        arguments: [
            ("rate_limit: {window_seconds: 86400}\n", true), ("rate_limit: {window_seconds: 86401}\n", false),
            ("cumulative_risk: {window_seconds: 604800}\n", false),
            ("rate_limit: {circuit_breaker_cooldown_seconds: 86400}\n", false),
            ("rate_limit: {circuit_breaker_cooldown_seconds: 86340}\n", true),
            ("rate_limit: {max_recorded_denials: 5001}\n", false),
        ])
    func windows(text: String, isAccepted: Bool) {
        if isAccepted {
            #expect(throws: Never.self) { try configuration(text) }
        } else {
            let error = #expect(throws: DocumentError.self) { try configuration(text) }
            let words = error.map { "\($0)" } ?? ""
            #expect(words.contains("24 hours") || words.contains("between 1 and 5000"), "\(words)")
        }
    }

    @Test(
        "keeps its paths inside the repository, away from what others may change",
        arguments: [
            ("./a/", "a"), ("././a//", "a"), ("a/b", "a/b"), ("..", nil), ("a/../b", nil), ("/a", nil), ("-a", nil),
            ("a/-b", nil), (".", nil), ("./", nil), ("a//b", nil), ("docs", nil), ("Docs/x", nil), ("changes", nil),
            ("trust/x", nil), ("README.yaml", nil), (".git/x", nil), ("a/.GIT/x", nil), ("a\\\\b", nil), ("a b", nil),
            ("\\u0061", "a"), ("docs2", "docs2"), ("\u{e4}", nil), ("", nil),
        ] as [(String, String?)])
    func paths(path: String, expected: String?) {
        #expect((try? configuration("policies: \"\(path)\"\n"))?.policies == expected)
    }

    @Test(
        "takes lengths of time with a unit",
        arguments: [
            ("90s", 90), ("30m", 1800), ("24h", 86_400), ("7d", 604_800), ("366d", 31_622_400), ("367d", nil),
            ("0s", nil), ("24", nil), ("h", nil), ("-1h", nil), ("1.5h", nil), ("999999999999d", nil), ("1w", nil),
        ] as [(String, Int64?)])
    func durations(text: String, seconds: Int64?) {
        #expect(DurationText.seconds(text) == seconds)
        if let seconds { #expect(DurationText.seconds(DurationText.text(seconds)) == seconds) }
    }

    @Test("caps the usual life of a proposal by the longest one")
    func expiry() throws {
        #expect(try configuration("approvals: {max_expiry: 1h}\n").defaultExpiry == 3600)
        #expect(throws: DocumentError.self) { try configuration("approvals: {default_expiry: 8d}\n") }
    }

    @Test(
        "gets its ledger's genesis, and stays as it was otherwise",
        arguments: [
            ("registry: actions\n", "registry: actions\nledger:\n  genesis: @\n"),
            ("registry: actions", "registry: actions\nledger:\n  genesis: @\n"),
            (
                "# ours\nledger: # where\n    # spelled twice\n    urls: [a, b] # two\nissuer: x\n",
                "# ours\nledger: # where\n    genesis: @\n    # spelled twice\n    urls: [a, b] # two\nissuer: x\n"
            ),
        ])
    func genesis(before: String, after: String) throws {
        let digest = Digest(of: [1])
        let bytes = try ConfigurationDocument.settingLedgerGenesis(digest, in: SourceFile(name: "a", text: before))
        let parts = after.split(separator: "@", omittingEmptySubsequences: false)
        #expect(String(decoding: bytes, as: UTF8.self) == parts.joined(separator: digest.description))
        #expect(try ConfigurationDocument.parse(SourceFile(name: "a", bytes: bytes)).ledgerGenesis == digest)
        #expect(throws: DocumentError.self, "it is set once for ever") {
            try ConfigurationDocument.settingLedgerGenesis(digest, in: SourceFile(name: "a", bytes: bytes))
        }
    }

    @Test("in a form that takes no new line refuses the genesis")
    func genesisInFlowForm() {
        #expect(throws: DocumentError.self) {
            try ConfigurationDocument.settingLedgerGenesis(
                Digest(of: []), in: SourceFile(name: "a", text: "ledger: {urls: [a]}\n"))
        }
    }
}
