internal import ChangeModel

/// A notification as Slack's incoming webhooks take it (docs.slack.dev, "Sending messages using incoming webhooks" and Block Kit).
///
/// All text is `plain_text`, which knows no mentions, no links and no formatting, and is escaped all the same; the line that stands
/// in lists and pop-ups holds no word of anybody else's.
struct SlackMessage {
    let notification: Notification

    var json: JSONValue {
        let data = notification.data
        let title = notification.kind?.title ?? "A test of this channel"
        func text(_ key: String) -> String? { data[key]?.stringValue }
        var blocks: [JSONValue] = [
            [
                "type": "header",
                "text": Self.plain([title, text("summary")].compactMap { $0 }.joined(separator: ": "), limit: 120),
            ]
        ]
        let fields: [(String, String?)] = [
            ("Change", text("change")), ("Proposed by", text("proposer")),
            ("Environment", Self.environments(data)), ("Rule", text("rule") ?? text("code")), ("Risk", text("risk")),
            ("Needs", Self.requirements(data["approvals"])), ("Outcome", text("outcome")), ("Error", text("error")),
            ("Claimed by", text("claimed_by")), ("Lease ended", text("lease_end")),
        ]
        let shown = fields.compactMap { name, value in value.map { Self.plain("\(name): \($0)", limit: 400) } }
        if !shown.isEmpty { blocks.append(["type": "section", "fields": .array(Array(shown.prefix(10)))]) }
        if let glass = data["break_glass"] {
            let words =
                "By \(glass["by"]?.stringValue ?? "somebody"), without \(Self.requirements(glass["missing"]) ?? "approvals"), who "
                + "says: \(glass["reason"]?.stringValue ?? "")"
            blocks.append(["type": "section", "text": Self.plain(words, limit: 700)])
        }
        if let reason = text("reason") {
            blocks.append(["type": "section", "text": Self.plain("The proposer says: \(reason)", limit: 600)])
        }
        let place = [
            "repository \(text("repository") ?? "")", data["height"]?.integerValue.map { "ledger event \($0)" },
            text("commit").map { "commit \($0.prefix(12))" }, "\(notification.at)",
        ]
        blocks.append([
            "type": "context",
            "elements": [Self.plain(place.compactMap { $0 }.joined(separator: ", "), limit: 200)],
        ])
        return [
            "text": .string("agentsafe: \(title)" + (Self.changeID(data).map { ", \($0)" } ?? "")),
            "mrkdwn": false, "unfurl_links": false, "unfurl_media": false, "blocks": .array(blocks),
        ]
    }

    private static func plain(_ text: String, limit: Int) -> JSONValue {
        ["type": "plain_text", "emoji": false, "text": .string(ForeignText.slack(text, limit: limit))]
    }

    private static func changeID(_ data: JSONValue) -> String? {
        data["change"]?.stringValue.flatMap { ChangeID($0) }?.text
    }

    private static func environments(_ data: JSONValue) -> String? {
        let names = Set(data["steps"]?.arrayValue?.compactMap { $0["environment"]?.stringValue } ?? [])
        return names.isEmpty ? nil : names.sorted().joined(separator: ", ")
    }

    private static func requirements(_ value: JSONValue?) -> String? {
        guard let requirements = value?.requirements, !requirements.isEmpty else { return nil }
        return requirements.map { "\($0.count) × \($0.role)" }.joined(separator: ", ")
    }
}
