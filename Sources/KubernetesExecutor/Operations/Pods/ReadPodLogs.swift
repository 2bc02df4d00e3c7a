internal import ChangeModel
internal import Runner

/// `get-pod-logs`: the newest lines of one container, bounded in lines and bytes.
struct ReadPodLogs: ReadOperation {
    let pod: NamespacedName
    let container: String?
    let lines: Int64

    static let defaultLines: Int64 = 200
    static let maximumBytes = 1 << 20

    init(_ parameters: StepParameters) throws(ExecutionError) {
        pod = try parameters.namespaced("pod")
        container = try parameters.optionalName("container", ResourceName.isLabel)
        lines = try parameters.optionalInteger("tail_lines", in: 1...100_000) ?? Self.defaultLines
    }

    func object(in session: ClusterSession) throws(ExecutionError) -> ResourceAddress { .pod(pod) }

    func fields(
        of object: JSONValue?, for action: ActionDefinition, in session: ClusterSession
    ) throws(ExecutionError) -> [String: JSONValue] { PodView(object: object ?? [:]).stateFields }

    func execute(_ execution: Execution) throws(ExecutionError) -> ExecutionReport {
        let session = execution.session
        guard let object = try session.look(at: .pod(pod), for: .mutation) else {
            throw ExecutionError(code: .notFound, message: "there is no pod `\(pod.text)`")
        }
        let container = try chosen(PodView(object: object))
        let bytes = try execution.client.text(
            .log(pod),
            query: [
                ("container", container), ("tailLines", String(lines)), ("limitBytes", String(Self.maximumBytes)),
            ])
        let isCut = bytes.count >= Self.maximumBytes
        let text = Self.printable(bytes.prefix(Self.maximumBytes))
        let count = text.utf8.count { $0 == 0x0A } + (text.isEmpty || text.utf8.last == 0x0A ? 0 : 1)
        return ExecutionReport(
            summary: "read \(count) lines of container `\(container)` of pod `\(pod.text)`"
                + (isCut ? ", cut at \(Self.maximumBytes >> 10) KiB" : ""),
            output: ["container": .string(container), "log": .string(text), "cut": .bool(isCut)])
    }

    private func chosen(_ view: PodView) throws(ExecutionError) -> String {
        let names = view.containerNames
        if let container {
            guard names.contains(container) else {
                throw ExecutionError(
                    code: .notFound,
                    message: "pod `\(pod.text)` has no container `\(container)`; it has \(Self.list(names))")
            }
            return container
        }
        guard let only = names.first, names.count == 1 else {
            throw ExecutionError(
                code: .invalid,
                message: "pod `\(pod.text)` has several containers: \(Self.list(names)); name one in `container`")
        }
        return only
    }

    private static func list(_ names: [String]) -> String {
        names.prefix(20).map { "`\($0.forMessage())`" }.joined(separator: ", ")
    }

    /// What a program wrote, without what would steer a terminal.
    private static func printable(_ bytes: ArraySlice<UInt8>) -> String {
        var text = String.UnicodeScalarView()
        for scalar in String(decoding: bytes, as: UTF8.self).unicodeScalars {
            let isControl =
                scalar.value < 0x20 && scalar != "\n" && scalar != "\t" || (0x7F...0x9F).contains(scalar.value)
            text.append(isControl ? "\u{FFFD}" : scalar)
        }
        return String(text)
    }
}
