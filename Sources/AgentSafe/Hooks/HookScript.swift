/// The text of `hooks/pre-receive`. It holds no path but the program's, so that one copy serves many repositories.
enum HookScript {
    static let name = "pre-receive"
    /// Runs after ours, with the same input, where it is there.
    static let chained = "pre-receive.local"
    private static let mark = "# agentsafe pre-receive hook."

    /// Whether a file is a hook of ours, of any version.
    static func isOurs(_ text: [UInt8]) -> Bool {
        String(decoding: text.prefix(200), as: UTF8.self).split(separator: "\n").dropFirst().first?.hasPrefix(mark)
            == true
    }

    /// - Parameter program: absolute path of the program.
    static func text(program: String) -> String {
        """
        #!/bin/sh
        \(mark) Made by `agentsafe hook install`, which writes it anew; put your own into hooks/\(chained).
        program=\(quoted(program))
        refuse() { printf 'agentsafe: %s; nothing was taken\\n' "$*" >&2; exit 1; }
        [ -x "$program" ] || refuse "on this server there is no program at $program; put it there, or run 'agentsafe hook install' again"
        chained=$(dirname "$0")/\(chained)
        if [ ! -e "$chained" ]; then
            "$program" hook pre-receive
            status=$?
        else
            # Both read the same lines, to the last byte; a list that is too long is cut here, and refused as such.
            lines=$(head -c \(ReceiveHook.maximumInput + 1) && echo .) || refuse "the list of references cannot be read"
            lines=${lines%.}
            printf '%s' "$lines" | "$program" hook pre-receive
            status=$?
            if [ "$status" -eq 0 ]; then
                [ -x "$chained" ] || refuse "hooks/\(chained) cannot be executed; make it so, or remove it"
                printf '%s' "$lines" | "$chained"
                exit $?
            fi
        fi
        case $status in
        0) exit 0 ;;
        1 | 2 | 30) exit "$status" ;;
        *) refuse "the hook's program ended with status $status; see whether it runs on the server, and has memory enough" ;;
        esac

        """
    }

    private static func quoted(_ path: String) -> String {
        "'" + path.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
    }
}
