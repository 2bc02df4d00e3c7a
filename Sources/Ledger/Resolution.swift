internal import ChangeModel

/// What a person found out about a change whose runner prepared it and never said what became of it.
public enum Resolution: String, Sendable, CaseIterable {
    /// The target was changed as planned.
    case applied
    /// The target was never changed.
    case notApplied = "not_applied"
    /// The target was changed in part, or otherwise than planned.
    case partlyApplied = "partly_applied"

    /// Longest reason, in bytes of UTF-8.
    public static let maximumReason = 1000

    /// One line that people can read: not empty, bounded, without control or invisible characters.
    public static func isReason(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= maximumReason
            && text.unicodeScalars.allSatisfy { scalar in
                switch scalar.properties.generalCategory {
                case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned: false
                default: true
                }
            }
    }
}
