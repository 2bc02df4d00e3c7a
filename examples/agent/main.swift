// An agent on the library: it watches a queue, works out how many replicas a deployment needs, asks the policy what it may do,
// proposes the change, and waits for what became of it. It holds a key of its own and no credentials of the target.
//
//     cd <clone of the governance repository>
//     AGENTSAFE_KEY=agent.key example-agent <target> <queue depth> [<seconds to wait>]
//
// The last line on standard output is JSON. The exit codes are those of `agentsafe`: 0 done or on its way, 10 a person must
// approve, 20 denied, 30 not authentic, 1 failed, 2 usage.
import AgentSafe
import ChangeModel
import OperatingSystem

/// What each replica works off before the next look at the queue.
let depthPerReplica: Int64 = 100

func say(_ line: String) {
    try? Files.write(descriptor: 2, Array("example-agent: \(line)\n".utf8), name: "standard error")
}

/// Proposes to scale `target`, unless the policy denies it; then there is nothing to wait for.
func scale(_ target: String, forDepth depth: Int64, waiting seconds: Int64?) throws(AgentSafeError) -> Int32 {
    let workspace = try Workspace(host: .real(), settings: Settings(), notify: say)
    let replicas = max(1, (depth + depthPerReplica - 1) / depthPerReplica)
    let result = try workspace.propose(
        Proposal(
            action: "scale-deployment", target: target, parameters: ["replicas": .integer(replicas)],
            reason: "The queue holds \(depth) jobs, enough for \(replicas) replicas", push: true))
    guard result.written != nil else {
        say("the policy says no: \(result.decision.reason)")
        print(JSONValue.compact(["state": "denied", "code": .string(result.decision.code.rawValue)]).canonicalText)
        return AgentSafeError.Code.denied.rawValue
    }
    say("proposed \(result.change.id): \(result.decision.result.rawValue), \(result.decision.reason)")
    let status =
        if let seconds {
            try workspace.waitForStatus(of: result.change.id, timeout: seconds) { say("it is \($0.state.rawValue)") }
        } else {
            try workspace.status(of: result.change.id)
        }
    let answer: JSONValue = [
        "id": .string(result.change.id.text), "replicas": .integer(replicas), "state": .string(status.state.rawValue),
    ]
    print(answer.canonicalText)
    switch status.state {
    case .awaitingApproval: return AgentSafeError.Code.approvalNeeded.rawValue
    case .denied, .rejected, .expired, .withdrawn: return AgentSafeError.Code.denied.rawValue
    case .failed, .unknown: return AgentSafeError.Code.failed.rawValue
    // Done, or on its way.
    default: return 0
    }
}

let words = CommandLine.arguments.dropFirst()
let numbers = words.dropFirst().map { Int64($0) }
guard (2...3).contains(words.count), let target = words.first, !numbers.contains(nil),
    let depth = numbers.first ?? nil, depth >= 0
else {
    say("usage: example-agent <target> <queue depth> [<seconds to wait>]")
    ProcessExit.exit(2)
}
do {
    ProcessExit.exit(try scale(target, forDepth: depth, waiting: numbers.count > 1 ? numbers[1] : nil))
} catch {
    say(error.message)
    ProcessExit.exit(error.code.rawValue)
}
