import OperatingSystem
import TestSupport
import Testing

extension Governance {
    /// How many lines hold one of `needles`: of every object of every repository, and of every other file beside those
    /// of these names (reflogs, settings, marks, keys, work trees).
    func lines(
        with needles: [String], except names: [String] = ["cluster.json*"]
    ) throws -> [String: Int] {
        let folder = try TemporaryDirectory()
        let list = try folder.write("needles", needles.joined(separator: "\n") + "\n")
        var found: [String: Int] = [:]
        let repositories = [remote] + Self.actors.map { "\(clone($0))/.git" }
        for repository in repositories {
            let script =
                "git --git-dir=\"$1\" cat-file --batch-all-objects --batch --unordered | grep -a -c -F -f \"$2\""
            let count = try Program.run(
                ["sh", "-c", script, "sh", repository, list], environment: environment("sam"), timeout: 60)
            found[repository] = Int(count.outputText.filter(\.isNumber))
        }
        let files = try Program.run(
            ["grep", "-r", "-a", "-l", "-F", "-f", list] + names.map { "--exclude=\($0)" } + [directory.path],
            environment: environment("sam"), timeout: 60)
        for file in files.outputText.split(separator: "\n") { found[String(file)] = 1 }
        return found.filter { $0.value != 0 }
    }
}
