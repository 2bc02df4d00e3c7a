import ChangeModel
import EmbeddedCluster
import HTTP
import KubernetesExecutor
import Runner
import Testing

/// 19 and 20: a param is a path, an option, a query, a patch, a header or a selector that says more than it should.
@Suite("threat: a param carries syntax to the API")
struct ThreatSyntaxInParameter {
    private static let evil = [
        "", ".", "..", "../../nodes/node-1", "a/../b", "a/b", "a%2fb", "%2e%2e", "a?dryRun=All", "a&force=true", "a#b",
        "a\\b", "a b", "a\u{0}b", "a\r\nX-Injected: 1", "--all", "-n", "--grace-period=0", "~1spec", "/spec/template",
        #"{"op":"remove"}"#, #"","replicas":0,""#, "{{ params.x }}", "$(reboot)", "`id`", "a;b", "a|b", "a,b", "a=b",
        "*",
        "A", "é", "a\u{202E}b", "a\u{2028}b", String(repeating: "a", count: 300),
    ]
    /// Texts that go into a body as they are.
    private static let texts: Set<String> = ["update-configmap.value", "update-image.image"]

    @Test("every name is a name, or nothing is sent", arguments: AllActions.names)
    func names(action: String) throws {
        let bench = Bench(try AllActions.cluster())
        let parameters = AllActions.parameters[action] ?? [:]
        for (name, value) in parameters where value.stringValue != nil && !Self.texts.contains("\(action).\(name)") {
            for text in Self.evil {
                // Keys of config maps may be upper case, and labels and selectors have a grammar of their own.
                if name == "key", ["A", "-n", "--all"].contains(text) { continue }
                if name == "pod_selector", ["A", "a=b", "a,b", "a/b"].contains(text) { continue }
                let step = try DefaultCatalogue.step(action, parameters.merging([name: .string(text)]) { $1 })
                for attempt in [
                    { try _ = bench.executor.confirmIdentity(of: step) },
                    { try _ = bench.executor.runPrechecks(for: step) },
                    { try _ = bench.executor.captureState(for: step) },
                ] {
                    let error = #expect(throws: ExecutionError.self, "\(name) \(text)") { try attempt() }
                    #expect(error?.code == .invalid, "\(name) \(text)")
                    #expect(error?.message.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F } == true)
                }
            }
        }
        #expect(bench.transport.requests.isEmpty)
    }

    @Test("a value of another type is refused", arguments: AllActions.names)
    func types(action: String) throws {
        let bench = Bench(try AllActions.cluster())
        let parameters = AllActions.parameters[action] ?? [:]
        for (name, value) in parameters {
            for wrong in [.array(["a"]), .object(["a": 1]), .number(1.5), value.stringValue == nil ? "5" : 5]
                as [JSONValue]
            {
                let step = try DefaultCatalogue.step(action, parameters.merging([name: wrong]) { $1 })
                let error = #expect(throws: ExecutionError.self) { try bench.executor.captureState(for: step) }
                #expect(error?.code == .invalid, "\(name) \(wrong)")
            }
        }
        #expect(bench.transport.requests.isEmpty)
    }

    @Test("a value is a value, whatever it looks like", arguments: evil)
    func values(text: String) throws {
        let bench = Bench(try AllActions.cluster())
        let path = "/api/v1/namespaces/staging/configmaps/settings"
        let before = try bench.get(path)
        try bench.perform(
            "update-configmap",
            ["namespace": "staging", "configmap": "settings", "key": "LOG_LEVEL", "value": .string(text)])
        var data = before["data"]?.objectValue ?? [:]
        data["LOG_LEVEL"] = .string(text)
        #expect(try bench.get(path)["data"] == .object(data))
        #expect(bench.transport.mutations.count == 1)
    }

    @Test(
        "a selector is read, and written anew from what was understood",
        arguments: [
            ("app=api", "app=api"), ("app==api,tier!=web", "app=api,tier!=web"),
            ("env in (a, b),!canary , x.example/y", "env in (a,b),!canary,x.example/y"), ("app=", "app="),
        ])
    func selectors(text: String, query: String) throws {
        let bench = Bench(try AllActions.cluster())
        let step = try DefaultCatalogue.step(
            "apply-network-policy", ["namespace": "staging", "policy_name": "a", "pod_selector": .string(text)])
        _ = try bench.executor.runPrechecks(for: step)
        let list = try #require(bench.transport.requests.last { $0.target.contains("/pods") })
        #expect(RequestTarget(parsing: list.target)?.value(of: "labelSelector") == query)
    }

    @Test(
        "what is no selector, or selects everything, is refused",
        arguments: [
            "", " ", ",", "app=api,", ",app", "app=api,,b", "app in", "app in ()", "app in (a", "app in a)", "app=a=b",
            "app=a b", "app=a&limit=1", "app=a;b", "{}", "app>1", "app<1", "a/b/c=d", "/a", "a/", "-a", "a=-b", "!",
            "!!a",
            "app=\u{202E}a", "app=a\n", "app in (a))", "((a))", "notin (a)",
        ])
    func noSelectors(text: String) throws {
        let bench = Bench(try AllActions.cluster())
        let step = try DefaultCatalogue.step(
            "apply-network-policy", ["namespace": "staging", "policy_name": "a", "pod_selector": .string(text)])
        let error = #expect(throws: ExecutionError.self) { try bench.executor.captureState(for: step) }
        #expect(error?.code == .invalid && bench.transport.requests.isEmpty)
    }
}
