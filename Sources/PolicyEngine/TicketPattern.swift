internal import ChangeModel

/// What a ticket must look like. Documents refuse an expression that does not compile; one that comes another way matches
/// nothing.
struct TicketPattern: Sendable {
    private let text: String
    private let pattern: Pattern?

    init(_ text: String) {
        self.text = text
        pattern = try? Pattern(text)
    }

    /// Whether the whole of a ticket matches. An empty ticket is none, and none matches nothing.
    func matches(_ ticket: String?) -> Bool {
        guard let ticket, !ticket.isEmpty else { return false }
        return pattern?.matches(ticket) ?? false
    }

    func fault(of ticket: String) -> String {
        "ticket \(Excerpt.quoted(ticket)) does not match pattern \(Excerpt.quoted(text)) as a whole"
    }
}
