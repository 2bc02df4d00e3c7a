/// Text in which a person sees every character that a program sees.
enum VisibleText {
    /// Says which character is invisible, unassigned or steers other text; nil when there is none.
    ///
    /// Refused are the Unicode categories Cc, Cf, Zl, Zp, Cs, Co and Cn.
    static func problem(_ text: String, allowingLineFeeds: Bool) -> String? {
        for scalar in text.unicodeScalars where !isVisible(scalar) {
            if allowingLineFeeds, scalar == "\n" || scalar == "\t" { continue }
            return "the invisible character \(name(scalar))"
        }
        return nil
    }

    static func isVisible(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.isASCII { return scalar.value >= 0x20 && scalar.value < 0x7F }
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned: return false
        default: return true
        }
    }

    static func isPrintableASCII(_ text: String) -> Bool { text.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F } }

    private static func name(_ scalar: Unicode.Scalar) -> String {
        let digits = String(scalar.value, radix: 16, uppercase: true)
        return "U+" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }
}
