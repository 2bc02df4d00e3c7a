import ChangeModel
import OperatingSystem
import TestSupport
import Testing

@testable import AgentSafe

/// A param, or an agent's text, carries markup, mentions, headers or links into a notification.
@Suite("Threat 20: text that would act where it is shown")
struct ThreatNotificationText {
    static let hostile = [
        "<!channel> look", "<!here|here>", "<!everyone>", "<!subteam^S123|@ops>", "<@U0123456>", "<#C012|general>",
        "<https://evil.example|your bank>", "<mailto:a@evil.example|mail>", "<!date^1392734382^{date}|x>",
        "&lt;!channel&gt; &amp;", "*bold* _italic_ ~gone~ `code` ```block```", "> quoted\n> twice",
        "https://evil.example/",
        ":skull: :fire:", "a\u{202E}live\u{202C}", "a\u{2066}b\u{2069}", "zero\u{200B}width\u{FEFF}",
        "line\u{2028}two\u{2029}three",
        "bell\u{07}esc\u{1B}[31mred", "null\u{0}byte", "tab\tcr\rlf\n\n*header*", "\r\nX-Injected: yes\r\n\r\n<html>",
        "\",\"blocks\":[{\"type\":\"image\"}],\"x\":\"", "{{ params.password }} ${HOME} $(id) %s %n",
        "\u{E000}private\u{10FFFF}",
        String(repeating: "<!channel>", count: 500), String(repeating: "e\u{301}", count: 4000), "",
    ]

    private func notification(_ text: String) -> AgentSafe.Notification {
        let change = Change(
            repository: "r", id: ChangeID("chg-20261122-7f3k9q2m4x")!, proposer: text,
            step: ChangeStep(action: text, target: text, parameters: ["password": .string("hunter2 \(text)")]),
            reason: text, created: Timestamp(seconds: 0), expires: Timestamp(seconds: 1))
        return .sample(change, text)
    }

    @Test("in JSON it is one string of visible text, bounded, and nothing of params", arguments: hostile)
    func webhook(text: String) throws {
        let message = notification(text)
        let body = NotificationSink(name: "a", kind: .webhook).body(of: message).canonicalText
        let value = try JSONValue(parsing: body)
        #expect(value == message.json && body.utf8.count < 20_000)
        #expect(!body.contains("hunter2"))
        for string in value.strings {
            #expect(string.unicodeScalars.count <= 501)
            #expect(string.unicodeScalars.allSatisfy(Self.isVisible), "\(string.debugDescription)")
        }
        // A receiver's log, which takes a line for a line, sees one.
        #expect(!body.utf8.contains { $0 < 0x20 })
    }

    @Test("for Slack it is plain text alone, escaped, with neither mentions, links nor formatting", arguments: hostile)
    func slack(text: String) throws {
        let body = NotificationSink(name: "a", kind: .slack).body(of: notification(text)).canonicalText
        let value = try JSONValue(parsing: body)
        #expect(body.utf8.count < 40_000 && !body.contains("hunter2"))
        #expect(
            Set(value.objectValue?.keys.map { $0 } ?? []) == [
                "text", "mrkdwn", "unfurl_links", "unfurl_media", "blocks",
            ])
        #expect(value["text"] == "agentsafe: BREAK-GLASS, chg-20261122-7f3k9q2m4x" && value["mrkdwn"] == false)
        #expect(value["unfurl_links"] == false && value["unfurl_media"] == false)
        let blocks = try #require(value["blocks"]?.arrayValue)
        #expect(blocks.allSatisfy { ["header", "section", "context"].contains($0["type"]?.stringValue ?? "") })
        var texts: [JSONValue] = []
        for block in blocks {
            texts +=
                [block["text"]].compactMap { $0 } + (block["fields"]?.arrayValue ?? [])
                + (block["elements"]?.arrayValue ?? [])
        }
        #expect(texts.count >= 4)
        for entry in texts {
            #expect(entry["type"] == "plain_text" && entry["emoji"] == false)
            let shown = try #require(entry["text"]?.stringValue)
            #expect(!shown.contains("<") && !shown.contains(">"))
            // Slack takes up to 3000 characters of a text, 2000 of a field, 150 of a header.
            #expect(shown.unicodeScalars.count <= 3000 && !shown.isEmpty)
            let bare = shown.replacing("&amp;", with: "").replacing("&lt;", with: "").replacing("&gt;", with: "")
            #expect(!bare.contains("&") && shown.unicodeScalars.allSatisfy(Self.isVisible))
        }
        for block in blocks where block["type"] == "header" {
            #expect((block.at("text", "text")?.stringValue?.unescapedLength ?? 151) <= 150)
        }
    }

    @Test("from a proposal to the receiver, through a real gate, to both kinds of sink")
    func story() throws {
        let governance = try Governance()
        try governance.configureNotifications(["{name: hooks, kind: webhook}", "{name: chat, kind: slack}"])
        let (hooks, chat) = (try Governance.receiver(), try WebhookServer())
        let machine = Governance.machine("hooks", hooks).merging([
            "AGENTSAFE_NOTIFY_CHAT_URL": "http://127.0.0.1:\(chat.port)/services/T0/B0/very-secret"
        ]) { $1 }
        let reason = "<!channel> *now* <https://evil.example|ok> & \"done\""
        let result = governance.agentsafe(
            "agent",
            [
                "propose", "scale-deployment", "--target", "prod/api-server", "--param", "replicas=7", "--reason",
                reason, "--push", "--output", "json",
            ])
        let id = try #require(try result.json["id"]?.stringValue)
        try governance.git("gate", "fetch", "-q")
        let gate = try governance.expect(
            10, "gate", ["gate", "--record", "--head", "origin/change/\(id)"], adding: machine)
        #expect(try hooks.messages().map { $0.at("data", "reason")?.stringValue } == [reason])
        let message = try #require(try chat.messages().first)
        let text = message.canonicalText
        #expect(text.contains("&lt;!channel&gt; *now* &lt;https://evil.example|ok&gt; &amp; ") && !text.contains("<"))
        #expect(!text.contains("replicas") && !text.contains("very-secret"))
        // Slack's URL is the secret: no signature, and nowhere a word of it.
        #expect(try chat.log().allSatisfy { $0["fault"] == .null && $0["target"] == "/services/T0/B0/very-secret" })
        #expect(!"\(gate)".contains("very-secret"))
        for kind in ["lose", "500", "404", "redirect:http://127.0.0.1/very-secret", "garbage"] {
            try chat.plan(Array(repeating: kind, count: 8))
            let failed = try governance.expect(1, "gate", ["notify", "--test", "chat"], adding: machine)
            #expect(failed.errors.contains("`chat`: ") && !"\(failed)".contains("very-secret"), "\(failed)")
        }
        let found = try governance.run([
            "sh", "-c",
            "grep -rl very-secret '\(governance.directory.path)/homes' '\(governance.clone("gate"))' || true",
        ])
        #expect(found.isEmpty, "\(found)")
    }

    private static func isVisible(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned: false
        default: true
        }
    }
}

extension JSONValue {
    /// Every string in it.
    fileprivate var strings: [String] {
        switch self {
        case .string(let text): [text]
        case .array(let items): items.flatMap(\.strings)
        case .object(let members): members.values.flatMap(\.strings)
        default: []
        }
    }
}

extension String {
    /// In characters as Slack shows them.
    fileprivate var unescapedLength: Int {
        replacing("&amp;", with: "&").replacing("&lt;", with: "<").replacing("&gt;", with: ">").unicodeScalars.count
    }
}
