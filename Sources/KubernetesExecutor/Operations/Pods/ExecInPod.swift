internal import ChangeModel
internal import Runner

/// `exec-pod`: runs a program in a container. What it prints goes to the caller, and into no record.
struct ExecInPod: Operation {
    let pod: NamespacedName
    let container: String?
    let command: [String]
    let allowed: CommandAllowList

    private static let maximumWords = 100
    private static let maximumBytes = 16 << 10
    /// Seconds that a command may take.
    static let patience = 300

    init(_ parameters: StepParameters) throws(ExecutionError) {
        pod = try parameters.namespaced("pod")
        container = try parameters.optionalName("container", ResourceName.isLabel)
        command = try Self.words(parameters)
        allowed = CommandAllowList(labels: parameters.labels)
    }

    private static func words(_ parameters: StepParameters) throws(ExecutionError) -> [String] {
        func wrong(_ what: String) -> ExecutionError {
            ExecutionError(code: .invalid, message: "param `command` \(what); nothing was sent")
        }
        let words = (parameters.values["command"]?.arrayValue ?? []).map(\.stringValue)
        guard let program = words.first, !(program ?? "").isEmpty, words.count <= maximumWords else {
            throw wrong("must be a program and at most \(maximumWords - 1) arguments, each a string")
        }
        var command: [String] = []
        for word in words {
            guard let word, !word.utf8.contains(0) else { throw wrong("holds something that is no text") }
            command.append(word)
        }
        guard command.reduce(0, { $0 + $1.utf8.count }) <= maximumBytes else {
            throw wrong("is longer than \(maximumBytes >> 10) KiB")
        }
        return command
    }

    func object(in session: ClusterSession) throws(ExecutionError) -> ResourceAddress { .pod(pod) }

    func check(
        _ precheck: String, _ object: JSONValue?, in session: ClusterSession
    ) throws(ExecutionError) -> Finding? {
        switch precheck {
        case "pod-running": PodView(object: object ?? .null).running(container: container)
        case "command-allowlist": allowed.finding(about: command)
        default: nil
        }
    }

    func execute(_ execution: Execution) throws(ExecutionError) -> ExecutionReport {
        let streams = try execution.session.podStreams()
        try execution.requireSamePod(pod)
        try execution.requireRight(to: "create", "pods", subresource: "exec", of: pod)
        guard execution.mayMutate() else {
            throw ExecutionError(
                code: .leaseEnded, message: "the lease ended before the command was started; nothing was sent")
        }
        let end = try streams.run(
            PodCommand(namespace: pod.namespace, pod: pod.name, container: container, words: command),
            seconds: Self.patience)
        let address = ResourceAddress.pod(pod)
        let output: JSONValue = [
            "exit_code": .integer(Int64(end.exitCode)), "stdout": .string(String(decoding: end.output, as: UTF8.self)),
            "stderr": .string(String(decoding: end.errors, as: UTF8.self)), "truncated": .bool(end.isTruncated),
        ]
        guard end.exitCode == 0 else {
            throw ExecutionError(
                code: .notConverged,
                message: "the command in \(address) ended with exit code \(end.exitCode); find out what it did",
                mayHaveBeenApplied: true, output: output)
        }
        return ExecutionReport(summary: "ran a command in \(address)", output: output)
    }

    func preview(_ rehearsal: Rehearsal) throws(ExecutionError) -> Preview {
        .unavailable(reason: "nobody can tell what a command will do without running it")
    }
}

/// Which commands an operator lets agents run on a target: the label `exec-commands` of its entry in the inventory.
///
/// Commands are separated by commas, their words by blanks. An entry allows exactly that command; one that ends with ` *` allows any
/// arguments after it. The label is on main, so an admin wrote it, and approvals bind it with the rest of the entry.
struct CommandAllowList {
    static let label = "exec-commands"
    private let entries: [(words: [String], isOpen: Bool)]

    init(labels: [String: String]) {
        entries = (labels[Self.label] ?? "").split(separator: ",").compactMap { entry in
            var words = entry.split(separator: " ").map(String.init)
            let isOpen = words.count > 1 && words.last == "*"
            if isOpen { words.removeLast() }
            return words.isEmpty ? nil : (words, isOpen)
        }
    }

    func allows(_ command: [String]) -> Bool {
        entries.contains { entry in
            entry.isOpen ? command.starts(with: entry.words) : command == entry.words
        }
    }

    func finding(about command: [String]) -> Finding {
        if entries.isEmpty {
            return .failed("the target allows no command; an admin lists them in its label `\(Self.label)`")
        }
        let program = (command.first ?? "").forMessage()
        return allows(command)
            ? .passed("`\(program)` with these arguments is on the target's list")
            : .failed("`\(program)` with these arguments is not among the target's `\(Self.label)`")
    }
}
