/// Lengths of time as people write them in `agentsafe.yaml` and on the command line: `90s`, `30m`, `24h`, `7d`.
public enum DurationText {
    private static let units: [(suffix: Character, seconds: Int64)] = [("s", 1), ("m", 60), ("h", 3600), ("d", 86_400)]

    /// Seconds, at least 1 and at most 366 days; nil for anything else.
    public static func seconds(_ text: some StringProtocol) -> Int64? {
        guard let suffix = text.last, let unit = units.first(where: { $0.suffix == suffix }) else { return nil }
        let digits = text.dropLast()
        guard (1...9).contains(digits.utf8.count), digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let count = Int64(digits)
        else { return nil }
        let seconds = count * unit.seconds
        return (1...366 * 86_400).contains(seconds) ? seconds : nil
    }

    /// The largest unit up to hours that says it exactly.
    public static func text(_ seconds: Int64) -> String {
        if seconds % 3600 == 0 { return "\(seconds / 3600)h" }
        return seconds % 60 == 0 ? "\(seconds / 60)m" : "\(seconds)s"
    }
}
