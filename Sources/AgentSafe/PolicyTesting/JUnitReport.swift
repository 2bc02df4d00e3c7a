internal import ChangeModel

/// A run of policy tests as JUnit XML, the form that forges and CI servers read: a suite for each file, a case for each test.
///
/// Of the dialects, what Jenkins' and GitLab's readers share. Nothing in it depends on the machine or the clock.
public enum JUnitReport {
    public static func text(_ report: PolicyTestReport) -> String {
        var files: [String] = []
        var outcomes: [String: [PolicyTestOutcome]] = [:]
        for outcome in report.outcomes {
            let file = outcome.test.location.file
            if outcomes[file] == nil { files.append(file) }
            outcomes[file, default: []].append(outcome)
        }
        var lines = [
            #"<?xml version="1.0" encoding="UTF-8"?>"#,
            #"<testsuites name="agentsafe" tests="\#(report.count)" failures="\#(report.failures.count)" errors="0">"#,
        ]
        for file in files {
            let inFile = outcomes[file] ?? []
            let failed = inFile.count { !$0.holds }
            lines.append(
                #"  <testsuite name="\#(escaped(file))" tests="\#(inFile.count)" failures="\#(failed)" errors="0" skipped="0">"#
            )
            lines += inFile.flatMap(testCase)
            lines.append("  </testsuite>")
        }
        lines.append("</testsuites>")
        return lines.joined(separator: "\n") + "\n"
    }

    private static func testCase(_ outcome: PolicyTestOutcome) -> [String] {
        let place = outcome.test.location
        let head =
            #"    <testcase classname="\#(escaped(place.file))" name="\#(escaped(outcome.test.name))""#
            + #" file="\#(escaped(place.file))" line="\#(place.line)""#
        guard let failure = outcome.failure else { return [head + "/>"] }
        let expected = outcome.mismatches.map(\.expected).joined(separator: ", ")
        let message = "expected \(expected), got \(outcome.decision.result.rawValue) (\(outcome.decision.ruleOrCode))"
        return [
            head + ">",
            #"      <failure type="\#(escaped(outcome.mismatches[0].key))" message="\#(escaped(message))">\#(escaped(failure))</failure>"#,
            "    </testcase>",
        ]
    }

    /// For attributes and content alike. What XML 1.0 (section 2.2) has no place for stands as `\u{…}`.
    static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar.value {
            case 0x26: result += "&amp;"
            case 0x3C: result += "&lt;"
            case 0x3E: result += "&gt;"
            case 0x22: result += "&quot;"
            case 0x09, 0x0A, 0x0D: result += "&#\(scalar.value);"
            case 0x00..<0x20, 0x7F..<0xA0, 0xFFFE, 0xFFFF: result += "\\u{\(String(scalar.value, radix: 16))}"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
