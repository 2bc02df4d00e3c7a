internal import ChangeModel

/// The Pods of one node, by what a drain does with them.
struct NodeLoad {
    let all: [JSONValue]
    private(set) var evictable: [PodView] = []
    private(set) var staying: [PodView] = []
    private var bare: [PodView] = []
    private var daemons: [PodView] = []
    private var withData: [PodView] = []

    init(pods: [JSONValue], ignoresDaemonSets: Bool) {
        all = pods
        for pod in pods.map({ PodView(object: $0) }) {
            if pod.isMirror {
                staying.append(pod)
            } else if pod.isFinished {
                evictable.append(pod)
            } else if pod.controller?.kind == "DaemonSet" {
                if ignoresDaemonSets { staying.append(pod) } else { daemons.append(pod) }
            } else if pod.controller == nil {
                bare.append(pod)
            } else if pod.hasLocalData {
                withData.append(pod)
            } else {
                evictable.append(pod)
            }
        }
    }

    /// Why the node cannot be drained; nil when it can.
    var refusal: String? {
        let reasons = [
            (bare, "nothing would start them again"), (withData, "their data in `emptyDir` would be lost"),
            (daemons, "a daemon set would start them again at once, set `ignore_daemonsets` to leave them"),
        ]
        .filter { !$0.0.isEmpty }.map { "\(Self.names($0.0)): \($0.1)" }
        return reasons.isEmpty ? nil : reasons.joined(separator: "; ")
    }

    var text: String {
        "\(evictable.count) pods would be evicted, \(staying.count) of daemon sets or mirrors stay"
    }

    static func names(_ pods: [PodView]) -> String {
        let names = pods.compactMap { $0.fullName.map { "`\($0.text)`" } }.sorted()
        return names.prefix(10).joined(separator: ", ") + (names.count > 10 ? " and \(names.count - 10) more" : "")
    }
}
