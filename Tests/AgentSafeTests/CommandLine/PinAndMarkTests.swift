import OperatingSystem
import Testing

@Suite("Pins, marks and missing branches")
struct PinAndMarkTests {
    @Test("a clone that pins no genesis believes nothing, and `setup` names what there is to compare")
    func unpinned() throws {
        let governance = try Governance()
        let genesis = try governance.git("agent", "config", "agentsafe.genesis")
        try governance.git("agent", "config", "--unset", "agentsafe.genesis")
        for command in [Governance.proposal, ["verify"], ["log"], ["gate"]] {
            try governance.refuse(30, "agent", command, saying: "pins no genesis", "agentsafe setup --genesis")
        }
        try governance.refuse(
            2, "agent", ["setup"], saying: "begins at \(genesis)", "another channel",
            "agentsafe setup --genesis \(genesis)")
        try governance.expect(0, "agent", ["verify", "--genesis", genesis])
        try governance.expect(0, "agent", ["verify"], adding: ["AGENTSAFE_GENESIS": genesis])
    }

    @Test("a wrong pin is refused: malformed, of another history, not the root")
    func wrongPins() throws {
        let governance = try Governance()
        let short = try governance.git("agent", "config", "agentsafe.genesis").prefix(12)
        for pin in ["x", String(short), "--force", "0123456789abcdef0123456789abcdef0123456g"] {
            try governance.refuse(
                2, "agent", ["verify"], saying: "no commit name", "agentsafe setup --genesis",
                adding: ["AGENTSAFE_GENESIS": pin])
        }
        let ledger = try governance.git("agent", "rev-parse", "origin/ledger")
        for pin in [String(repeating: "0", count: 40), ledger] {
            try governance.refuse(
                30, "agent", ["setup", "--genesis", pin], saying: "not at the pinned genesis \(pin.prefix(12))",
                "git config agentsafe.genesis")
        }
        let tip = try governance.git("agent", "rev-parse", "origin/main")
        try governance.refuse(
            30, "agent", ["setup", "--genesis", tip], saying: "the genesis commit has a parent",
            "pin main's first commit")
    }

    @Test("a branch that was deleted at the remote is noticed by those who had seen it", arguments: ["main", "ledger"])
    func deleted(_ branch: String) throws {
        let governance = try Governance()
        let tip = try governance.git("agent", "rev-parse", "origin/\(branch)").prefix(12)
        try governance.run(["git", "-C", governance.remote, "update-ref", "-d", "refs/heads/\(branch)"])
        try governance.git("agent", "fetch", "-q", "--prune")
        for command in [Governance.proposal, ["verify"], ["gate"], ["log"], ["setup"]] {
            try governance.refuse(
                30, "agent", command, saying: "there is no branch `\(branch)`, though \(tip) was accepted before",
                "git fetch")
        }
        // To somebody who never saw it, it is just not there.
        let fresh = ["AGENTSAFE_STATE_HOME": try governance.folder("fresh")]
        try governance.refuse(
            1, "agent", ["verify"], saying: "there is no branch `\(branch)`", "never made anew silently", adding: fresh)
    }

    @Test("a stale or rewound branch is refused by those who accepted a newer one", arguments: ["main", "ledger"])
    func rewound(_ branch: String) throws {
        let governance = try Governance()
        try governance.execute()
        try governance.git("agent", "fetch", "-q")
        try governance.expect(0, "agent", ["verify"])
        // As a clone that was not fetched for long, on the same machine.
        let newest = try governance.git("agent", "rev-parse", "origin/\(branch)")
        try governance.git("agent", "update-ref", "refs/remotes/origin/\(branch)", "origin/\(branch)~1")
        for command in [["verify"], ["log"], ["gate"]] {
            try governance.refuse(
                30, "agent", command, saying: newest.prefix(12).description, "accepted before", "stale", "git fetch")
        }
        try governance.git("agent", "fetch", "-q")
        try governance.expect(0, "agent", ["verify"])
        // As somebody who pushes over it.
        try governance.run(["git", "-C", governance.remote, "update-ref", "refs/heads/\(branch)", "\(branch)~1"])
        try governance.git("agent", "fetch", "-q")
        for command in [["verify"], Governance.proposal, ["setup"]] {
            try governance.refuse(30, "agent", command, saying: newest.prefix(12).description, "find out who pushed")
        }
    }

    @Test("a state folder that is missing, no folder, or damaged is named with its variable")
    func stateFolder() throws {
        let governance = try Governance()
        let homeless = ["HOME": "", "XDG_STATE_HOME": "", "AGENTSAFE_STATE_HOME": ""]
        try governance.refuse(
            1, "agent", Governance.proposal, saying: "neither AGENTSAFE_STATE_HOME, XDG_STATE_HOME nor HOME is set",
            adding: homeless)
        // What believes nothing needs no memory.
        try governance.expect(20, "agent", ["check", "scale-deployment"], adding: homeless)
        let file = try governance.directory.write("file", "")
        try governance.refuse(
            1, "agent", ["verify"], saying: "cannot create folder",
            "set AGENTSAFE_STATE_HOME to a folder that you may write",
            adding: ["AGENTSAFE_STATE_HOME": file])
        let marks = "\(governance.stateFolder("agent"))/agentsafe/marks"
        let name = try #require(try Files.list(marks).first)
        try Files.writeAtomically("\(marks)/\(name)", Array("garbage".utf8))
        try governance.refuse(
            1, "agent", ["verify"], saying: "high-water marks at `\(marks)/\(name)` cannot be read", "remove the file")
    }

    @Test("XDG_STATE_HOME and HOME take over where AGENTSAFE_STATE_HOME is not set")
    func otherStateFolders() throws {
        let governance = try Governance()
        let home = try governance.folder("home")
        let xdg = try governance.folder("xdg")
        try governance.expect(
            0, "agent", ["verify"], adding: ["AGENTSAFE_STATE_HOME": "", "XDG_STATE_HOME": xdg, "HOME": home])
        #expect(Files.kind("\(xdg)/agentsafe/marks") == .directory)
        try governance.expect(0, "agent", ["verify"], adding: ["AGENTSAFE_STATE_HOME": "", "HOME": home])
        #expect(Files.kind("\(home)/.local/state/agentsafe/marks") == .directory)
    }
}
