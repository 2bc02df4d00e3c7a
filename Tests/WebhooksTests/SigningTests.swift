import OperatingSystem
import Testing
import Webhooks

@Suite("Signatures by Standard Webhooks")
struct SigningTests {
    /// From the specification's own libraries (standard-webhooks 1.0.0, libraries/go/webhook_test.go, `TestWebhookSign`).
    @Test("the published example gives the published signature")
    func example() throws {
        let secret = try #require(WebhookSecret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"))
        let id = try #require(WebhookID("msg_p5jXN8AQM9LWM0D4loKWxJek"))
        let signature = try secret.signature(
            id: id, timestamp: 1_614_265_330, body: Array(#"{"test": 2432232314}"#.utf8))
        #expect(signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")
    }

    @Test(
        "a secret is `whsec_` and the base64 of 24 to 64 bytes, and nothing else",
        arguments: [
            ("whsec_" + String(repeating: "AAAA", count: 8), true),
            ("whsec_" + String(repeating: "AAAA", count: 7), false),
            ("whsec_" + String(repeating: "AAAA", count: 21) + "AA==", true),
            ("whsec_" + String(repeating: "AAAA", count: 22), false), ("", false), ("whsec_", false),
            ("whsk_" + String(repeating: "AAAA", count: 8), false), (String(repeating: "AAAA", count: 8), false),
            ("whsec_" + String(repeating: "AAA-", count: 8), false),
            ("whsec_" + String(repeating: "AAAA", count: 8) + "\n", false),
        ])
    func secret(text: String, isGood: Bool) { #expect((WebhookSecret(text) != nil) == isGood) }

    @Test("several secrets stand between spaces, commas or lines, four at most, and one bad one spoils all")
    func list() {
        let one = Receivers.secret
        for text in [one, "\(one) \(one)", "\(one)\n\(one)\n", " \(one), \(one)", "\(one) \(one) \(one) \(one)"] {
            #expect(WebhookSecret.list(text) != nil)
        }
        for text in ["", " ", "\(one) whsec_x", "\(one) \(one) \(one) \(one) \(one)"] {
            #expect(WebhookSecret.list(text) == nil)
        }
    }

    @Test(
        "an id holds nothing that could move between id, timestamp and body", arguments: ["", "a.b", "a b", "a\n", "ä"])
    func identifier(text: String) {
        #expect(WebhookID(text) == nil)
        #expect(WebhookID(String(repeating: "a", count: 129)) == nil)
    }

    @Test("neither secret nor address shows itself in a text")
    func redaction() throws {
        let secret = try #require(WebhookSecret(Receivers.secret))
        let address = try WebhookAddress("https://hooks.example/services/T0/B0/very-secret?sig=very-secret")
        var dumped = ""
        dump((secret, address), to: &dumped)
        for text in ["\(secret)", "\(address)", String(reflecting: secret), String(reflecting: address), dumped] {
            #expect(!text.contains("very-secret") && !text.contains("MfKQ"))
        }
    }
}
