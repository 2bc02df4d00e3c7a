import ChangeModel
import Documents
import Testing

@Suite("Notifications in a configuration")
struct NotificationSettingsTests {
    private func parse(_ text: String) throws(DocumentError) -> Configuration {
        try ConfigurationDocument.parse(SourceFile(name: "agentsafe.yaml", text: text))
    }

    @Test("are read, and read back as they were written")
    func full() throws {
        let configuration = try parse(
            """
            notifications:
              - {name: audit, kind: webhook, url: "https://hooks.example.com/agentsafe"}
              - name: ops-channel
                kind: slack
                on: [denied, unknown, break_glass]
                environments: [prod]
            """)
        #expect(
            configuration.notifications == [
                NotificationSink(name: "audit", kind: .webhook, url: "https://hooks.example.com/agentsafe"),
                NotificationSink(
                    name: "ops-channel", kind: .slack, events: [.denied, .unknown, .breakGlass], environments: [.prod]),
            ])
        #expect(configuration.notifications[0].events == NotificationKind.allCases)
        let bytes = ConfigurationDocument.emit(configuration)
        #expect(try ConfigurationDocument.parse(SourceFile(name: "a", bytes: bytes)) == configuration)
        #expect(try parse("registry: actions\n").notifications.isEmpty)
    }

    @Test(
        "that say what they should not are refused, and a secret is not quoted",
        arguments: [
            ("{kind: webhook}", "name"), ("{name: a}", "kind"), ("{name: a b, kind: webhook}", "name"),
            ("{name: a, kind: mail}", "kind"), ("{name: a, kind: webhook, on: []}", "on"),
            ("{name: a, kind: webhook, on: [everything]}", "everything"),
            ("{name: a, kind: webhook, environments: [test]}", "test"),
            (
                "{name: a, kind: slack, url: \"https://hooks.slack.com/services/T/B/very-secret\"}",
                "has no place in a file"
            ),
            ("{name: a, kind: webhook, url: \"hooks.example/very-secret\"}", "no URL of https"),
            ("{name: a, kind: webhook, url: \"https://u:very-secret@hooks.example/\"}", "a user, a query"),
            ("{name: a, kind: webhook, url: \"https://hooks.example/?sig=very-secret\"}", "a user, a query"),
            ("{name: a, kind: webhook, secret: whsec_x}", "secret"),
            ("{name: a.b, kind: webhook}\n  - {name: A-b, kind: slack}", "so alike"),
        ])
    func refused(sink: String, words: String) {
        #expect {
            try parse("notifications:\n  - \(sink)\n")
        } throws: { error in
            let text = "\(error)"
            return text.contains(words) && text.contains("agentsafe.yaml:") && !text.contains("very-secret")
        }
    }
}
