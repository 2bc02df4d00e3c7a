import ChangeModel
import OperatingSystem
import TestSupport
import Testing

@Suite("A time zone")
struct ZoneTests {
    private func zone(_ name: String) throws -> Zone { try #require(Zone(name)) }
    private func wall(_ text: String) throws -> WallTime { try #require(WallTime(text)) }

    private func offset(_ name: String, _ instant: String) throws -> Int64 {
        try zone(name).offset(at: try #require(Timestamp(instant)))
    }

    @Test("is known by its name in tzdata and by every link, and by nothing else")
    func names() {
        #expect(Zone.names.count > 590)
        for name in [
            "Europe/Berlin", "US/Eastern", "Etc/GMT+5", "America/Argentina/Buenos_Aires", "UTC", "Asia/Calcutta",
        ] {
            #expect(Zone(name) != nil)
        }
        for name in [
            "", "europe/berlin", "Europe/Berlin ", "Europe", "CET-1", "Europe/Berlin Europe/Paris", "|", "Mars/Base",
        ] {
            #expect(Zone(name) == nil, "\(name)")
        }
        #expect(Zone.names.allSatisfy { Zone($0)?.name == $0 })
    }

    @Test("shows summer time from the change in spring until the change in autumn")
    func summerTime() throws {
        #expect(try offset("Europe/Berlin", "2026-03-29T00:59:59Z") == 3600)
        #expect(try offset("Europe/Berlin", "2026-03-29T01:00:00Z") == 7200)
        #expect(try offset("Europe/Berlin", "2026-10-25T00:59:59Z") == 7200)
        #expect(try offset("Europe/Berlin", "2026-10-25T01:00:00Z") == 3600)
        #expect(try offset("America/New_York", "2026-03-08T06:59:59Z") == -18_000)
        #expect(try offset("America/New_York", "2026-03-08T07:00:00Z") == -14_400)
    }

    @Test("in the south has its summer over the turn of the year")
    func south() throws {
        #expect(try offset("Australia/Sydney", "2026-01-01T00:00:00Z") == 39_600)
        #expect(try offset("Australia/Sydney", "2026-07-01T00:00:00Z") == 36_000)
        #expect(try offset("America/Santiago", "2026-12-31T23:59:59Z") == -10_800)
        #expect(try offset("America/Santiago", "2026-06-01T00:00:00Z") == -14_400)
        // Half an hour of summer time, in the south.
        #expect(try offset("Australia/Lord_Howe", "2026-01-01T00:00:00Z") == 39_600)
        #expect(try offset("Australia/Lord_Howe", "2026-07-01T00:00:00Z") == 37_800)
    }

    @Test("may lie thirty or forty-five minutes off")
    func oddOffsets() throws {
        #expect(try offset("Asia/Kathmandu", "2026-01-01T00:00:00Z") == 20_700)
        #expect(try offset("Asia/Kolkata", "2026-01-01T00:00:00Z") == 19_800)
        #expect(try offset("America/St_Johns", "2026-01-01T00:00:00Z") == -12_600)
        #expect(try offset("Pacific/Chatham", "2026-01-01T00:00:00Z") == 49_500)
        #expect(try offset("Pacific/Chatham", "2026-07-01T00:00:00Z") == 45_900)
    }

    @Test("whose changes follow no yearly rule has them listed")
    func listed() throws {
        // Morocco leaves its usual +1 for the month of Ramadan.
        #expect(try offset("Africa/Casablanca", "2026-02-15T01:59:59Z") == 3600)
        #expect(try offset("Africa/Casablanca", "2026-02-15T02:00:00Z") == 0)
        #expect(try offset("Africa/Casablanca", "2026-03-22T01:59:59Z") == 0)
        #expect(try offset("Africa/Casablanca", "2026-03-22T02:00:00Z") == 3600)
        #expect(try offset("Africa/Casablanca", "2100-01-01T00:00:00Z") == 3600)
        // Winter time is the exception by Ireland's law.
        #expect(try offset("Europe/Dublin", "2026-01-01T00:00:00Z") == 0)
        #expect(try offset("Europe/Dublin", "2026-07-01T00:00:00Z") == 3600)
    }

    @Test("shows a skipped time at the instant of the change, and a repeated one twice")
    func gapsAndOverlaps() throws {
        let berlin = try zone("Europe/Berlin")
        func instants(_ text: String) throws -> [String] {
            let (first, last) = berlin.instants(showing: try wall(text))
            return [first.description, last.description]
        }
        #expect(try instants("2026-03-29T02:30") == ["2026-03-29T01:00:00Z", "2026-03-29T01:00:00Z"])
        #expect(try instants("2026-03-29T02:00") == ["2026-03-29T01:00:00Z", "2026-03-29T01:00:00Z"])
        #expect(try instants("2026-03-29T03:00") == ["2026-03-29T01:00:00Z", "2026-03-29T01:00:00Z"])
        #expect(try instants("2026-03-29T01:59") == ["2026-03-29T00:59:00Z", "2026-03-29T00:59:00Z"])
        #expect(try instants("2026-10-25T02:30") == ["2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z"])
        #expect(try instants("2026-10-25T02:00") == ["2026-10-25T00:00:00Z", "2026-10-25T01:00:00Z"])
        #expect(try instants("2026-10-25T03:00") == ["2026-10-25T02:00:00Z", "2026-10-25T02:00:00Z"])
    }

    @Test("shows each of its times at the instants at which its clocks show them, looked at minute by minute")
    func wallTimesAgree() throws {
        let changes = [
            ("Europe/Berlin", "2026-03-29T01:00:00Z"), ("Europe/Berlin", "2026-10-25T01:00:00Z"),
            ("Australia/Lord_Howe", "2026-04-04T15:00:00Z"), ("Australia/Lord_Howe", "2026-10-03T15:30:00Z"),
            ("Pacific/Chatham", "2026-09-26T14:00:00Z"), ("Africa/Casablanca", "2026-02-15T02:00:00Z"),
            ("America/St_Johns", "2026-11-01T04:30:00Z"), ("America/Santiago", "2026-09-06T04:00:00Z"),
            ("Asia/Gaza", "2026-03-28T00:00:00Z"), ("America/Nuuk", "2026-03-29T01:00:00Z"),
        ]
        for (name, text) in changes {
            let zone = try zone(name)
            let change = try #require(Timestamp(text)).seconds
            #expect(
                zone.offset(at: Timestamp(seconds: change - 1)) != zone.offset(at: Timestamp(seconds: change)),
                "\(name)")
            var shown: [Int64: (first: Int64, last: Int64)] = [:]
            for instant in stride(from: change - 86_400, to: change + 86_400, by: 60) {
                let wall = zone.wallTime(at: Timestamp(seconds: instant)).seconds
                shown[wall] = (shown[wall]?.first ?? instant, instant)
            }
            let middle = zone.wallTime(at: Timestamp(seconds: change)).seconds
            for wall in stride(from: middle - 14_400, to: middle + 14_400, by: 60) {
                let expected = shown[wall] ?? (change, change)
                let (first, last) = zone.instants(showing: WallTime(seconds: wall))
                #expect(
                    first.seconds == expected.first && last.seconds == expected.last,
                    "\(name) \(WallTime(seconds: wall))")
            }
        }
    }

    @Test("is read as Python's zoneinfo reads it, all of them, at random instants and around changes")
    func agreesWithPython() throws {
        guard try hasSameTable() else { return }
        let program = """
            import sys, zoneinfo
            from datetime import datetime, timezone, timedelta
            epoch = datetime(1970, 1, 1, tzinfo=timezone.utc)
            names = sys.stdin.readline().split()
            for line in sys.stdin:
                name, instant = line.split()
                instant = epoch + timedelta(seconds=int(instant))
                for name in names if name == "*" else [name]:
                    print(int(instant.astimezone(zoneinfo.ZoneInfo(name)).utcoffset().total_seconds()))
            """
        let zones = try Zone.names.map { try zone($0) }
        let (start, end): (Int64, Int64) = (1_704_067_200, 2_840_140_800)  // 2024 to 2060
        var random = SeededGenerator(stream: 77)
        var asked: [(zone: Zone, at: Timestamp)] = []
        var lines = [zones.map(\.name).joined(separator: " ")]
        for _ in 0..<100 {
            let instant = Timestamp(seconds: start + Int64(random.below(Int(end - start))))
            lines.append("* \(instant.seconds)")
            asked += zones.map { ($0, instant) }
        }
        // Both sides of every change of some.
        var changes = 0
        let listed = ["Africa/Casablanca", "Asia/Gaza", "Africa/Cairo", "America/Nuuk", "Antarctica/Troll"]
        for zone in try (0..<30).map({ _ in random.pick(zones) }) + listed.map({ try zone($0) }) {
            for day in stride(from: start, to: end, by: 86_400)
            where zone.offset(at: Timestamp(seconds: day)) != zone.offset(at: Timestamp(seconds: day + 86_400)) {
                let before = zone.offset(at: Timestamp(seconds: day))
                var (low, high) = (day, day + 86_400)
                while high - low > 1 {
                    let middle = (low + high) / 2
                    if zone.offset(at: Timestamp(seconds: middle)) == before { low = middle } else { high = middle }
                }
                changes += 1
                for instant in [low, high] {
                    lines.append("\(zone.name) \(instant)")
                    asked.append((zone, Timestamp(seconds: instant)))
                }
            }
        }
        #expect(changes > 500)
        let answers = try Python.run(program, lines)
        #expect(answers.count == asked.count)
        for ((zone, instant), answer) in zip(asked, answers) where "\(zone.offset(at: instant))" != answer {
            Issue.record("\(zone.name) at \(instant): python says \(answer), and we \(zone.offset(at: instant))")
        }
    }

    @Test("is in the table as Tests/make-zone-table.py makes it")
    func tableIsMade() throws {
        guard try hasSameTable() else { return }
        let made = try Program.run(
            ["python3", "\(Self.root)/Tests/make-zone-table.py"], environment: Host.real().environment, timeout: 120)
        #expect(made.status == 0, "\(made.errorText)")
        let kept = try Files.read("\(Self.root)/Sources/ChangeModel/Zones/ZoneTable.swift", limit: 1 << 20)
        #expect(made.output == kept)
    }

    private static var root: String {
        "/" + "\(#filePath)".split(separator: "/").dropLast(3).joined(separator: "/")
    }

    /// Whether this machine has the tzdata that the table was made from; with another, there is nothing to compare.
    private func hasSameTable() throws -> Bool {
        let asked = try Program.run(
            ["python3", "\(Self.root)/Tests/make-zone-table.py", "--version"], environment: Host.real().environment,
            timeout: 120)
        let version = asked.outputText.split(separator: "\n").first.map(String.init) ?? "none"
        if version != Zone.tableVersion {
            print(
                "NOT COMPARED: this machine has tzdata \(version), and the table is of \(Zone.tableVersion); make it anew "
                    + "with Tests/make-zone-table.py, and raise the engine's version if a decision could change")
        }
        return version == Zone.tableVersion
    }
}
