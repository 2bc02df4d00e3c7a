import ChangeModel
import OperatingSystem
import Testing

/// `templates/server`, installed for real into a folder, with a repository made for it.
@Suite("On a plain server")
struct ServerTests {
    static let folder = Governance.projectRoot + "/templates/server"

    private struct Server {
        let governance: Governance
        let root: String
        let repository: String
        let environment: [String: String]

        init() throws {
            governance = try Governance()
            governance.clock.advance(Host.real().now() - governance.clock.now)
            _ = try governance.cluster()
            root = try governance.folder("server")
            repository = "\(root)/srv/governance.git"
            let machine = try HostedRunner(governance)
            environment = machine.environment
            try Files.createDirectory("\(root)/srv")
        }

        func install(_ options: [String] = [], repository other: String? = nil) throws -> ProgramResult {
            try Program.run(
                [
                    "\(ServerTests.folder)/install.sh", "--repository", other ?? repository, "--genesis",
                    try governance.git("alice", "config", "agentsafe.genesis"), "--root", root, "--cluster",
                    "embedded:\(governance.clusterFile)",
                ] + options, environment: environment, timeout: 60)
        }

        func round(_ job: String) throws -> ProgramResult {
            try Program.run(
                ["\(root)/usr/local/lib/agentsafe/round", job, "\(root)/etc/agentsafe/round.conf"],
                environment: environment, timeout: 120)
        }

        func giveKeys() throws {
            for name in ["gate", "runner"] {
                try governance.run(["cp", "-p", governance.key(name), "\(root)/var/lib/agentsafe/\(name)/key"])
            }
        }

        /// Everything from the harness's remote, as an admin pushes it the first time; then all clones go there.
        func moveIn() throws {
            try governance.git("alice", "fetch", "-q")
            try governance.git(
                "alice", "push", "-q", repository, "origin/main:refs/heads/main", "origin/ledger:refs/heads/ledger")
            for actor in Governance.actors { try governance.git(actor, "remote", "set-url", "origin", repository) }
        }
    }

    @Test("installed twice, it serves a change from proposal to execution, and refuses what is not authentic")
    func story() throws {
        let server = try Server()
        let governance = server.governance
        let first = try server.install(["--land"])
        #expect(first.status == 0, "\(first.outputText)\(first.errorText)")
        #expect(try server.round("record").status == 0, "nothing was pushed yet, and that is no failure")
        try server.moveIn()
        let second = try server.install(["--land"])
        #expect(second.status == 0 && second.outputText.contains("stays as it is"), "\(second.errorText)")
        try server.giveKeys()

        let id = try governance.propose()
        let rejected = try governance.propose(target: "dev/api-server", ["replicas=2"])
        try governance.expect(0, "bob", ["reject", rejected.text, "--yes"])
        for _ in 1...2 {
            let recording = try server.round("record")
            #expect(recording.status == 0, "\(recording.outputText)\(recording.errorText)")
        }
        let running = try server.round("run")
        #expect(
            running.status == 0 && running.outputText.contains("executed"), "\(running.outputText)\(running.errorText)")
        #expect(try governance.recorded(id) == ["decision", "claim", "prepared", "execution"])
        #expect(try governance.recorded(rejected) == ["decision", "vote"])
        let verification = try server.round("verify")
        #expect(verification.status == 0 && verification.outputText.contains("authentic from genesis"))

        // A wrong key is no verdict.
        for (name, job) in [("gate", "record"), ("runner", "run")] {
            try governance.run(["cp", governance.key("sam"), "\(server.root)/var/lib/agentsafe/\(name)/key"])
            #expect(try server.round(job).status == 1)
        }

        // The hook, and git's own settings.
        try governance.git("sam", "fetch", "-q")
        let foreign = try governance.commit(
            "sam", tree: try governance.tree("sam", "origin/main", ["policies/mine.yaml": "rules: []\n"]),
            parents: ["origin/main"], message: "Mine", signedBy: nil)
        #expect(try governance.tryGit("sam", "push", "-q", "origin", "\(foreign):refs/heads/main").status != 0)
        for push in [["origin", ":refs/heads/\(id.branch)"], ["-f", "origin", "origin/ledger~1:refs/heads/ledger"]] {
            let result = try Program.run(
                ["git", "-C", governance.clone("sam"), "push", "-q"] + push,
                environment: governance.environment("sam"), timeout: 60)
            #expect(result.status != 0, "\(push)")
        }
    }

    @Test("it writes what systemd or cron reads", arguments: [false, true])
    func timers(withCron: Bool) throws {
        let server = try Server()
        let result = try server.install(withCron ? ["--cron"] : [])
        #expect(result.status == 0, "\(result.errorText)")
        let cron = "\(server.root)/etc/cron.d/agentsafe"
        #expect((Files.kind(cron) != nil) == withCron)
        guard !withCron else {
            let lines = String(decoding: try Files.read(cron), as: UTF8.self).split(separator: "\n")
            #expect(lines.count == 4 && lines.dropFirst().allSatisfy { $0.contains("flock -n") })
            return
        }
        for (job, account) in [("record", "gate"), ("run", "runner"), ("verify", "gate")] {
            let unit = "\(server.root)/etc/systemd/system/agentsafe-\(job)"
            let service = String(decoding: try Files.read(unit + ".service"), as: UTF8.self)
            #expect(service.contains("User=agentsafe-\(account)\n"))
            #expect(service.contains("/usr/local/lib/agentsafe/round \(job) "))
            #expect(String(decoding: try Files.read(unit + ".timer"), as: UTF8.self).contains("OnCalendar="))
        }
        let modes = try server.governance.run(
            ["stat", "-c", "%a", "\(server.root)/var/lib/agentsafe/gate", "\(server.root)/var/lib/agentsafe/runner"])
        #expect(modes == "700\n700")
    }

    @Test("it refuses what it cannot take, and makes nothing then")
    func refusals() throws {
        let server = try Server()
        for (options, word) in [
            (["--genesis", "main"], "40 hexadecimal"), (["--repository", "relative"], "absolute path"),
            (["--repository", "/tmp/a;rm -rf x"], "characters"), (["--cluster", "$(id)"], "characters"),
            (["--what"], "unknown argument"), (["--program", "/nowhere"], "no `agentsafe`"),
            (["--cluster"], "takes a value"),
        ] {
            let result = try server.install(options)
            #expect(result.status == 1 && result.errorText.contains(word), "\(options): \(result.errorText)")
        }
        #expect(Files.kind(server.repository) == nil && Files.kind("\(server.root)/etc") == nil)
        let folder = try server.governance.folder("plain")
        #expect(try server.install(repository: folder).errorText.contains("no bare repository"))
        let usage = try Program.run(["\(Self.folder)/round", "dance"], environment: server.environment, timeout: 60)
        #expect(usage.status == 1 && usage.errorText.contains("usage: round"))
        let unset = try Program.run(
            ["\(Self.folder)/round", "run", "\(folder)/none"], environment: server.environment, timeout: 60)
        #expect(unset.status == 1 && unset.errorText.contains("run install.sh"))
    }
}
