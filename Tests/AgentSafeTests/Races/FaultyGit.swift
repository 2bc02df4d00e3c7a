import OperatingSystem
import TestSupport

/// A `git` that stands first in PATH and does to each fetch and push what the next word of a plan says; then it is the real
/// one again.
struct FaultyGit {
    /// The folder to put before all others in PATH.
    let folder: String

    init(in directory: String) throws {
        folder = "\(directory)/faulty"
        try Files.createDirectory(folder)
        let environment = Host.real().environment
        let real = Program.find("git", environment: environment) ?? "/usr/bin/git"
        let script = Self.script.replacing("@REAL@", with: real)
        try Files.create("\(folder)/git", Array(script.utf8), mode: 0o755)
    }

    /// Delays end in milliseconds, as three digits.
    private static let script = """
        #!/bin/sh
        real=@REAL@
        verb=
        for word do case "$word" in fetch | push) verb=$word; break ;; esac; done
        count=0
        [ -z "$verb" ] || read -r count < "$RACE_FOLDER/count"
        if [ -z "$verb" ] || [ "$count" -ge "$RACE_LENGTH" ]; then exec "$real" "$@"; fi
        echo $((count + 1)) > "$RACE_FOLDER/count"
        nth() { shift "$1"; fault=$1; }
        nth $((count + 1)) $RACE_PLAN
        park() {
            : > "$RACE_FOLDER/parked"
            while [ ! -e "$RACE_FOLDER/release" ]; do sleep 0.03; done
        }
        case "$verb:$fault" in
        *:before*) sleep "0.${fault#before}"; exec "$real" "$@" ;;
        *:after*) "$real" "$@"; status=$?; sleep "0.${fault#after}"; exit $status ;;
        *:noreply) "$real" "$@" > /dev/null 2>&1; echo "fatal: the remote end hung up unexpectedly" >&2; exit 128 ;;
        push:silence) exit 0 ;;
        *:refusal | *:silence) echo "fatal: unable to connect" >&2; exit 128 ;;
        push:late*)
            (sleep "0.${fault#late}"; exec "$real" "$@") < /dev/null > /dev/null 2>&1 &
            echo "fatal: no answer" >&2
            exit 128 ;;
        *:park) park; exec "$real" "$@" ;;
        *:parkafter) "$real" "$@"; status=$?; park; exit $status ;;
        *:kill) kill -9 $PPID; exit 128 ;;
        *:killafter) "$real" "$@"; kill -9 $PPID; exit 128 ;;
        push:killbefore) kill -9 $PPID; sleep 0.02; exec "$real" "$@" > /dev/null 2>&1 ;;
        *) exec "$real" "$@" ;;
        esac

        """
}

/// What happens to one runner's fetches and pushes in one race.
struct FaultPlan {
    /// How the runner comes to its end, or nearly.
    enum End { case survives, parks, isKilled }

    let words: [String]
    let end: End

    /// More network calls than this has no run, but for those that fail again and again.
    private static let length = 14
    /// The calls of a run that wins without faults: fetch, twice push and fetch around the second judgement, and so on.
    private static let winning = 9

    static let none = FaultPlan(words: [], end: .survives)

    /// - Parameter words: what happens to the first calls; the others go well.
    init(words: [String], end: End) {
        self.words = words
        self.end = end
    }

    init(_ generator: inout SeededGenerator, end: End) {
        var words = (0..<Self.length).map { _ in Self.word(&generator) }
        switch end {
        case .survives: break
        case .parks: words[generator.below(Self.winning)] = generator.pick(["park", "parkafter"])
        case .isKilled: words[generator.below(Self.winning)] = generator.pick(["kill", "killafter", "killbefore"])
        }
        self.init(words: words, end: end)
    }

    private static func word(_ generator: inout SeededGenerator) -> String {
        let delay = "0\(generator.below(5))\(generator.below(10))"
        return switch generator.below(100) {
        case 0..<14: "before\(delay)"
        case 14..<20: "after\(delay)"
        case 20..<26: "noreply"
        case 26..<29: "silence"
        case 29..<32: "refusal"
        case 32..<35: "late\(delay)"
        default: "-"
        }
    }
}
