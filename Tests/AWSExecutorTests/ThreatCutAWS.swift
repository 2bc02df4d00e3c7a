import ChangeModel
import OperatingSystem
import Runner
import Synchronization
import TestSupport
import Testing

@testable import AWSExecutor

/// What breaks between the executor and AWS, for each of the thirteen actions. What was applied is told as it is, or as unknown;
/// no mutation is sent twice. `AGENTSAFE_CUTS=N` cuts at N random places more for each action, `AGENTSAFE_CUTS=0` one's
/// mutation at every byte of its request and its answer.
@Suite("ThreatCutAWS")
struct ThreatCutAWS {
    private static let server = Result { try MotoServer() }
    private static let serial = Atomic<Int>(0)

    private enum Outcome: Equatable { case done, failed, unknown }

    /// A server, and a proxy before it, for one action.
    private final class Bench {
        let item: ActionCase
        let moto: MotoServer
        let proxy: FaultProxy
        /// Makes what is acted on, past the proxy.
        private let maker: AWSScene

        init(_ item: ActionCase, _ moto: MotoServer) throws {
            self.item = item
            self.moto = moto
            proxy = try FaultProxy(nil, upstream: moto.port)
            maker = try #require(try AWSScene(server: moto))
        }

        /// Carries the action out on a resource of its own, as the runner would, with harm done to it; looks at the server whether
        /// what was told is true.
        ///
        /// - Returns: how it ended, and which of the exchanges was the mutation.
        @discardableResult
        func attempt(
            _ what: String, arm: () throws -> Void
        ) throws -> (outcome: Outcome, mutation: Int?, exchanges: [String]) {
            let key = "AKIACUT\(ThreatCutAWS.serial.add(1, ordering: .relaxed).newValue)"
            let scene = try #require(
                try AWSScene(
                    timeout: 0, server: moto, address: proxy.address, key: AccessKey(id: key, secret: "hidden-secret")))
            let step = try scene.step(item.action, try item.prepare(maker), locator: ["account": "123456789012"])
            try proxy.arm(nil)
            try arm()
            let outcome: Outcome
            var message = ""
            do throws(ExecutionError) {
                _ = try scene.executor.confirmIdentity(of: step)
                let prechecks = try scene.executor.runPrechecks(for: step)
                let hasPassed = prechecks.allSatisfy { $0.passed }
                #expect(hasPassed, "\(item) \(what): \(prechecks)")
                let before = try scene.executor.captureState(for: step)
                _ = try scene.executor.execute(step, before: before, mayMutate: { true }, progress: { _ in })
                outcome = .done
            } catch {
                // As the runner decides (`Runner.run`).
                outcome = error.mayHaveBeenApplied ? .unknown : .failed
                message = error.message
                #expect(!message.contains("hidden-secret"))
            }
            let log = try moto.boto(
                "[[r['action'], r.get('status', 0)] for r in seen if r['key'] == '\(key)']", scope: "log")
            let actions = (log.arrayValue ?? []).map { $0.arrayValue?.first?.stringValue ?? "" }
            let sent = actions.count { $0 == item.mutation }
            #expect(sent <= 1, "\(item) \(what): \(sent) mutations arrived")
            switch outcome {
            case .done: #expect(sent == 1, "\(item) \(what): told as done, and was never sent")
            case .failed: #expect(sent == 0, "\(item) \(what): told as failed, and was sent: \(message)")
            case .unknown: break
            }
            return (outcome, actions.firstIndex(of: item.mutation), actions)
        }
    }

    private func bench(_ item: ActionCase) throws -> Bench? {
        guard let moto = try Self.server.get() else { return nil }
        return try Bench(item, moto)
    }

    /// More than any message has: cut after the last byte.
    private static let end = 1 << 30

    @Test("a reset at the ends of every request and answer, and at places between", arguments: ActionCase.all)
    func resets(item: ActionCase) throws {
        guard let bench = try bench(item) else { return }
        let unharmed = try bench.attempt("unharmed") {}
        #expect(unharmed.outcome == .done)
        let sizes = try bench.proxy.sizes()
        let mutation = try #require(unharmed.mutation)
        try #require(sizes.count == unharmed.exchanges.count)
        var random = SeededGenerator(
            stream: 66_000 + UInt64(ActionCase.all.firstIndex { $0.action == item.action } ?? 0))
        // A mutation at both its ends and between; a read, which is sent again, where nothing and where all of it arrived.
        var places: [(fault: FaultProxy.Fault, exchange: Int, at: Int)] = []
        for (exchange, size) in sizes.enumerated() {
            guard exchange == mutation else {
                places += [
                    (.request, exchange, random.below(size.request)), (.response, exchange, 0),
                    (.response, exchange, -1),
                ]
                continue
            }
            places += [0, 1, -1, Self.end, random.below(size.request)].map { (.request, exchange, $0) }
            places += [0, 1, -1, random.below(size.answer)].map { (.response, exchange, $0) }
        }
        for _ in 0..<(TestEnvironment.number("AGENTSAFE_CUTS") ?? 0) {
            let exchange = random.below(sizes.count)
            places += [
                (.request, exchange, random.below(sizes[exchange].request)),
                (.response, exchange, random.below(sizes[exchange].answer)),
            ]
        }
        if TestEnvironment.number("AGENTSAFE_CUTS") == 0, item.action == "ec2-stop-instance" {
            places += (0...sizes[mutation].request).map { (.request, mutation, $0) }
            places += (0..<sizes[mutation].answer).map { (.response, mutation, $0) }
        }
        for place in places {
            let outcome = try bench.attempt("\(place)") {
                try bench.proxy.arm(place.fault, exchange: place.exchange, at: place.at)
            }.outcome
            // A broken mutation is unknown; broken reads are made good.
            #expect(outcome == (place.exchange == mutation ? .unknown : .done), "\(item) \(place): \(outcome)")
        }
    }

    @Test(
        "wrong lengths, truncated answers, no HTTP, storms of 5xx before the server and behind it",
        arguments: ActionCase.all)
    func answers(item: ActionCase) throws {
        guard let bench = try bench(item) else { return }
        let unharmed = try bench.attempt("unharmed") {}
        let mutation = try #require(unharmed.mutation)
        for fault in [FaultProxy.Fault.truncated, .longer, .garbage, .storm, .stormAfter] {
            for exchange in [mutation - 1, mutation, mutation + 1] where exchange < unharmed.exchanges.count {
                try bench.attempt("\(fault) \(exchange)") { try bench.proxy.arm(fault, exchange: exchange) }
            }
            // It never gets better: nothing is done, and all that could have been is told as unknown.
            let outcome = try bench.attempt("\(fault) for ever") { try bench.proxy.arm(fault, times: 10_000) }.outcome
            #expect(outcome != .done || fault == .truncated, "\(item) \(fault)")
        }
    }
}
