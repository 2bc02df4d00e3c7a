internal import ChangeModel
internal import OperatingSystem

/// The Python packages `agent-safe` and `cedarpy`, and PyYAML's C loader, on the same files and requests.
struct PythonPeers {
    /// `AGENTSAFE_BENCH_PYTHON`, or `python3`; nil where there is none.
    let python: String?
    private let environment: [String: String]

    init(_ host: Host) {
        let named = host.environment["AGENTSAFE_BENCH_PYTHON"].flatMap { $0.isEmpty ? nil : $0 } ?? "python3"
        python = Program.find(named, environment: host.environment)
        environment = host.environment
    }

    /// - Parameters:
    ///   - task: `decide` or `load`.
    ///   - folder: a catalogue, and for `decide` a `requests.jsonl`.
    /// - Returns: the script's answer; members are null for packages that are not installed. Nil without Python.
    func run(_ task: String, folder: String, seconds: Double) throws -> JSONValue? {
        guard let python else { return nil }
        let result = try Program.run(
            [python, "-c", Self.script, task, folder, "\(seconds)"], environment: environment, timeout: 600)
        guard result.status == 0 else {
            throw BenchmarkError(description: "the Python peers failed: \(result.errorText.suffix(500))")
        }
        return try JSONValue(parsing: result.output, limits: JSONLimits(bytes: 1 << 20, depth: 8))
    }

    private static let script = #"""
        import glob, json, os, sys, tempfile, time
        task, folder, seconds = sys.argv[1], sys.argv[2], float(sys.argv[3])
        try:
            import yaml
        except ImportError:
            yaml = None

        def rate(step, count):
            step()
            done, start = 0, time.process_time()
            while time.process_time() - start < seconds:
                step()
                done += count
            return done / (time.process_time() - start)

        def files():
            return [n for f in ("actions", "policies") for n in sorted(glob.glob(f"{folder}/{f}/*.yaml"))] + [
                f"{folder}/inventory.yaml"]

        if task == "load":
            answer = None
            if yaml is not None and hasattr(yaml, "CSafeLoader"):
                def step():
                    for name in files():
                        with open(name, "rb") as file:
                            yaml.load(file, Loader=yaml.CSafeLoader)
                answer = rate(step, 1)
            print(json.dumps({"pyyaml": answer}))
            sys.exit()

        requests = [json.loads(line) for line in open(f"{folder}/requests.jsonl")]
        moment = requests[0]["now"]

        def agent_safe():
            try:
                from datetime import datetime
                from agent_safe.inventory.loader import load_inventory
                from agent_safe.models import AgentIdentity
                from agent_safe.pdp.engine import PolicyDecisionPoint, load_policies
                from agent_safe.registry.loader import load_registry
            except ImportError:
                return None
            inventory = load_inventory(f"{folder}/inventory.yaml")
            pdp = PolicyDecisionPoint(load_policies(f"{folder}/policies"), load_registry(f"{folder}/actions"))
            now = datetime.fromisoformat(moment.replace("Z", "+00:00"))
            cases = [(r["action"], inventory.get(r["target"]), AgentIdentity(**r["caller"]), r["params"])
                     for r in requests]
            answers = [pdp.evaluate(a, t, c, p, timestamp=now).result.value for a, t, c, p in cases]
            few = cases[:256]
            return {"rate": rate(lambda: [pdp.evaluate(a, t, c, p, timestamp=now) for a, t, c, p in few], len(few)),
                    "alike": sum(a == r["result"] for a, r in zip(answers, requests))}

        def cedar():
            try:
                import cedarpy
            except ImportError:
                return None
            if yaml is None:
                return None
            def one_of(name, values):
                return f"[{', '.join(json.dumps(v) for v in values)}].contains({name})"
            policies = []
            for name in sorted(glob.glob(f"{folder}/policies/*.yaml")):
                for rule in yaml.load(open(name, "rb"), Loader=yaml.CSafeLoader)["rules"]:
                    match, conditions = rule["match"], []
                    actions = match.get("actions", ["*"])
                    conditions.append("(" + " || ".join(f"context.action like {json.dumps(a)}" for a in actions) + ")")
                    targets, callers = match.get("targets") or {}, match.get("callers") or {}
                    for key, name in (("environments", "environment"), ("sensitivities", "sensitivity"), ("types", "type")):
                        if key in targets:
                            conditions.append(one_of(f"resource.{name}", targets[key]))
                    for key, value in (targets.get("labels") or {}).items():
                        conditions.append(f"resource has {key} && resource.{key} == {json.dumps(value)}")
                    if "agent_ids" in callers:
                        conditions.append(one_of("principal.name", callers["agent_ids"]))
                    for key in ("roles", "groups"):
                        if key in callers:
                            conditions.append(f"principal.{key}.containsAny({json.dumps(callers[key])})")
                    if "kinds" in callers:
                        conditions.append(one_of("principal.kind", callers["kinds"]))
                    if "risk_classes" in match:
                        conditions.append(one_of("context.risk", match["risk_classes"]))
                    effect = "forbid" if rule["decision"] == "deny" else "permit"
                    policies.append(f"{effect}(principal, action, resource) when {{ {' && '.join(conditions)} }};")
            entities = []
            for target in yaml.load(open(f"{folder}/inventory.yaml", "rb"), Loader=yaml.CSafeLoader)["targets"]:
                attributes = dict(target.get("labels") or {})
                attributes.update({k: target[k] for k in ("environment", "sensitivity", "type")})
                entities.append({"uid": {"type": "Target", "id": target["id"]}, "attrs": attributes, "parents": []})
            for caller in {r["caller"]["agent_id"]: r["caller"] for r in requests}.values():
                entities.append({"uid": {"type": "Caller", "id": caller["agent_id"]}, "parents": [], "attrs": {
                    "name": caller["agent_id"], "roles": caller["roles"], "groups": caller["groups"],
                    "kind": caller["kind"]}})
            cases = [{"principal": {"type": "Caller", "id": r["caller"]["agent_id"]},
                      "action": {"type": "Action", "id": r["action"]},
                      "resource": {"type": "Target", "id": r["target"]},
                      "context": {"action": r["action"], "risk": r["risk"]}} for r in requests[:256]]
            try:
                parsed = cedarpy.PolicySet.from_str("\n".join(policies))
                known = cedarpy.Entities.from_json_str(json.dumps(entities))
            except AttributeError:
                parsed, known = "\n".join(policies), entities
            return {"rate": rate(lambda: cedarpy.is_authorized_batch(cases, parsed, known), len(cases))}

        print(json.dumps({"agent_safe": agent_safe(), "cedarpy": cedar()}))
        """#
}
