import ChangeModel
import OperatingSystem
import Testing

@testable import AgentSafeCLI

@Suite("The gate on GitHub")
struct GitHubOutputTests {
    /// What GitHub's files hold after a step.
    struct Step {
        let result: CommandResult
        let summary: String
        let outputs: String
        var lines: [String] { result.output.split(separator: "\n").map(String.init) }
    }

    private func step(
        _ governance: Governance, _ status: Int32, _ head: String, existing: Int = 0, options: [String] = []
    ) throws -> Step {
        let (summary, outputs) = (
            governance.directory.file("summary-\(head.count)-\(existing).md"), governance.directory.file("outputs")
        )
        try Files.createDirectory(Files.parent(of: summary))
        if existing > 0 { try Files.create(summary, [UInt8](repeating: UInt8(ascii: "x"), count: existing)) }
        try governance.git("gate", "fetch", "-q", "--prune")
        try? Files.remove(outputs)
        let result = try governance.expect(
            status, "gate", ["gate", "--output", "github", "--head", head] + options,
            adding: ["GITHUB_STEP_SUMMARY": summary, "GITHUB_OUTPUT": outputs])
        let text = String(decoding: (try? Files.read(summary)) ?? [], as: UTF8.self)
        try? Files.remove(summary)
        return Step(
            result: result, summary: String(text.dropFirst(existing)),
            outputs: String(decoding: (try? Files.read(outputs)) ?? [], as: UTF8.self))
    }

    @Test("says by level, file and line what became of a change, and hands on result and identifiers")
    func verdicts() throws {
        let governance = try Governance()
        let allowed = try governance.propose()
        let waiting = try governance.propose(
            target: "prod/api-server", ["replicas=5"], options: ["--ticket", "INC-42"])
        let denied = try governance.propose("rogue", target: "dev/api-server", options: ["--anyway"])
        for (id, status, level, word) in [
            (allowed, Int32(0), "notice", "allow"), (waiting, 10, "warning", "require_approval"),
            (denied, 20, "error", "deny"),
        ] {
            let step = try step(governance, status, "origin/\(id.branch)")
            let line = try #require(step.lines.first)
            #expect(step.lines.count == 1, "\(step.lines)")
            #expect(
                line.hasPrefix("::\(level) file=\(id.folder)/change.yaml,line=6,title=\(word)%3A scale-deployment on "),
                "\(line)")
            #expect(step.outputs == "result=\(word)\nids=\(id)\n")
            for needed in ["gate: \(word)", "scale-deployment", "change.yaml", "digest", "expires"] {
                #expect(step.summary.contains(needed), "\(needed): \(step.summary)")
            }
        }
        let summary = try step(governance, 10, "origin/\(waiting.branch)").summary
        for needed in ["still missing", "plan", "replicas", "prod-needs-approval", "&#43; reason", "INC-42"] {
            #expect(summary.contains(needed), "\(needed): \(summary)")
        }
    }

    @Test("points at the param that is wrong")
    func parameterLine() throws {
        let governance = try Governance()
        let id = try governance.propose(
            "agent", target: "staging/api-server", ["replicas=100000"], options: ["--anyway"])
        let file = try governance.git("agent", "show", "\(id.branch):\(id.folder)/change.yaml")
        let number = try #require(file.split(separator: "\n").firstIndex { $0.hasPrefix("  replicas: ") }) + 1
        let step = try step(governance, 20, "origin/\(id.branch)")
        #expect(step.lines.first?.contains(",line=\(number),") == true, "\(step.lines)")
    }

    @Test("tells errors as one annotation, with results that a later job can ask for")
    func errors() throws {
        let governance = try Governance()
        let id = try governance.propose()
        try governance.addToBranch(id.branch, as: "agent", ["policies/a%3A,b\u{20}##[add-mask]c.yaml": "rules: []\n"])
        let step = try step(governance, 30, "origin/\(id.branch)")
        #expect(step.lines.count == 1 && step.lines[0].hasPrefix("::error title=not authentic::"), "\(step.lines)")
        #expect(step.lines[0].contains("a%253A,b ##[add"), "data is escaped as the toolkit does it: \(step.lines)")
        #expect(!step.result.errors.contains("##["), "\(step.result.errors)")
        #expect(step.outputs == "result=not_authentic\nids=\n")
        let failed = try self.step(governance, 2, "nowhere")
        #expect(failed.outputs == "result=failed\nids=\n" && failed.lines.count == 1)
    }

    /// Text that a proposer may write into a reason or a param.
    static let hostile = [
        "```\n# Heading\n```", "</details></pre></code><img src=x onerror=alert(1)>", "cc @org/team @octocat #1 GH-2",
        "![x](https://evil.example/p.png) [ok](https://evil.example)", "::set-output name=result::allow",
        "##[add-mask]allow", "::error file=a,line=1::x\n::stop-commands::t", "https://evil.example www.evil.example",
        "| a | b |\n|---|---|", "&lt;b&gt; &#64;team <!-- --> $(id) `id` ${{ secrets.X }}", "result=allow\nids=x",
        "%0A::warning::x", "\\`\\*_~~strike~~_ **bold** ~~~", "<table><tr><td></td></tr></table>",
    ]

    @Test("what a proposer wrote is text on the page and in the log, and nothing else", arguments: hostile)
    func hostileText(_ text: String) throws {
        let governance = try Governance()
        let oneLine = text.split(whereSeparator: \.isNewline).joined(separator: " ")
        let result = try governance.expect(
            0, "agent",
            [
                "propose", "update-configmap", "--target", "staging/app-config", "--param", "key=greeting",
                "--param", "value=\(text)", "--reason", oneLine, "--push", "--anyway", "--output", "json",
            ])
        let id = try #require(try result.json["id"]?.stringValue.flatMap { ChangeID($0) })
        let status = try governance.gate(id).status
        let step = try step(governance, status, "origin/\(id.branch)")
        #expect(step.lines.count == 1)
        for line in step.lines { #expect(line.hasPrefix("::"), "\(line)") }
        let words = step.outputs.split(separator: "\n")
        #expect(words.count == 2 && words[1] == "ids=\(id)", "\(step.outputs)")
        try Page.check(step.summary)
        #expect(!step.result.errors.contains("##["))
    }

    @Test(
        "shows at most ten annotations, the gravest first, and a page below GitHub's limit that says what it left out")
    func bounds() throws {
        let governance = try Governance()
        let head = try governance.proposeMany(22, deniedAtEnd: 3)
        let step = try step(governance, 20, head)
        #expect(step.lines.count == 10)
        #expect(step.lines.prefix(3).allSatisfy { $0.hasPrefix("::error ") }, "\(step.lines)")
        #expect(step.lines.dropFirst(3).allSatisfy { $0.hasPrefix("::notice ") }, "\(step.lines)")
        #expect(step.summary.split(separator: "\n### ").count == 23)
        for existing in [900_000, 995_000, 1_000_000, 1_040_000] {
            let full = try self.step(governance, 20, head, existing: existing)
            #expect(existing + full.summary.utf8.count <= max(existing, 1_000_000))
            if existing == 995_000 { #expect(full.summary.contains("not shown here"), "\(full.summary.suffix(200))") }
            try Page.check(full.summary)
        }
    }

    @Test("a summary that cannot be written changes no verdict")
    func unwritable() throws {
        let governance = try Governance()
        let id = try governance.propose()
        try governance.git("gate", "fetch", "-q")
        let result = try governance.expect(
            0, "gate", ["gate", "--output", "github", "--head", "origin/\(id.branch)"],
            adding: ["GITHUB_STEP_SUMMARY": "/nowhere/at/all", "GITHUB_OUTPUT": "/nowhere/at/all"])
        #expect(result.errors.contains("GITHUB_OUTPUT is not written"))
        try governance.expect(0, "gate", ["gate", "--output", "github", "--head", "origin/\(id.branch)"])
    }

    @Test("escapes as GitHub's toolkit does")
    func escaping() {
        #expect(WorkflowCommand.escapedData("100%\r\n:,%25") == "100%25%0D%0A:,%2525")
        #expect(WorkflowCommand.escapedProperty("a:b,c%\r\n") == "a%3Ab%2Cc%25%0D%0A")
        for line in ["::error::x", "  ::error::x", "\t::x", "a ##[error]x", "##[x", "###[x", "a", "", "a::b"] {
            let harmless = WorkflowCommand.harmless(line)
            let start = harmless.drop { $0.isWhitespace }
            #expect(!start.hasPrefix("::") && !harmless.contains("##["), "\(line): \(harmless)")
            #expect(harmless.filter { $0 != " " } == line.filter { $0 != " " })
        }
    }
}

/// A reader of the page that knows which marks are ours. Whatever else could mean something to Markdown or HTML must be
/// spelled as a character reference.
private enum Page {
    static let tags: Set<String> = [
        "code", "/code", "pre", "/pre", "table", "/table", "tr", "/tr", "td", "/td", "details", "/details", "summary",
        "/summary",
    ]

    static func check(_ page: String, sourceLocation: Testing.SourceLocation = #_sourceLocation) throws {
        // Our own tags first; what they enclose must be harmless.
        var depth = 0
        let parts = page.split(separator: "<", omittingEmptySubsequences: false)
        for part in parts.dropFirst() {
            let tag = String(part.prefix { $0 != ">" })
            #expect(tags.contains(tag), "<\(tag)>", sourceLocation: sourceLocation)
            let inside = part.dropFirst(tag.count + 1)
            depth += tag == "code" || tag == "pre" ? 1 : tag == "/code" || tag == "/pre" ? -1 : 0
            try #require((0...1).contains(depth), "\(tag)", sourceLocation: sourceLocation)
            if depth == 1 { try checkText(inside, sourceLocation) }
        }
        #expect(depth == 0, sourceLocation: sourceLocation)
        // Outside of them nothing of a proposer's stands, so none of these does.
        for word in ["@", "::", "${{", "&lt", "&amp", "![", "](", "```"] {
            #expect(!page.contains(word), "\(word)", sourceLocation: sourceLocation)
        }
    }

    private static func checkText(_ text: Substring, _ sourceLocation: Testing.SourceLocation) throws {
        var rest = text.unicodeScalars[...]
        while let scalar = rest.popFirst() {
            switch scalar {
            case "a"..."z", "A"..."Z", "0"..."9", " ", "-", "\n": continue
            case "&":
                let reference = rest.prefix { $0 != ";" }
                try #require(reference.first == "#", "\(text)", sourceLocation: sourceLocation)
                #expect(UInt32(String(reference.dropFirst())) != nil, sourceLocation: sourceLocation)
                rest = rest.dropFirst(reference.count + 1)
            default: #expect(!scalar.isASCII, "\(scalar) in \(text)", sourceLocation: sourceLocation)
            }
        }
    }
}

extension Governance {
    /// A branch that proposes many changes in one commit, the last ones without the right to.
    /// - Returns: the branch's name as the gate's clone has it.
    func proposeMany(_ count: Int, deniedAtEnd denied: Int) throws -> String {
        var edits: [String: String?] = [:]
        for number in 0..<count {
            let isDenied = number >= count - denied
            let id = try propose(
                isDenied ? "rogue" : "agent", ["replicas=\(number + 1)"],
                options: (isDenied ? ["--anyway"] : []) + ["--expires", "2h"])
            let actor = isDenied ? "rogue" : "agent"
            for name in ["change.yaml", "change.yaml.sig"] {
                edits["\(id.folder)/\(name)"] = try text("\(id.folder)/\(name)", at: id.branch, seenBy: actor)
            }
        }
        let commit = try commit(
            "agent", tree: try tree("agent", "origin/main", edits), parents: ["origin/main"], message: "Many",
            signedBy: nil)
        try push("agent", commit, to: "change/many")
        return "origin/change/many"
    }
}
