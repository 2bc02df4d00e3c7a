import ChangeModel
import EmbeddedCluster
import HTTP
import Testing

/// Patches as the API server applies them, seen through the cluster.
@Suite("patches")
struct PatchTests {
    private let deploymentPath = "/apis/apps/v1/namespaces/staging/deployments/api"

    private func containers(_ patch: String) throws -> [JSONValue] {
        let cluster = try Fixture.cluster()
        let body = #"{"spec":{"template":{"spec":{"containers":\#(patch)}}}}"#
        let answer = try cluster.ask("PATCH", deploymentPath, MediaType.strategic, body)
        #expect(answer.status == 200, "\(answer.body.canonicalText)")
        return answer.body.at("spec", "template", "spec", "containers")?.arrayValue ?? []
    }

    @Test("a strategic merge finds containers by name, keeps the others, and puts new ones first")
    func containersByName() throws {
        let names = { (list: [JSONValue]) in list.compactMap { $0["name"]?.stringValue } }
        let changed = try containers(#"[{"name":"api","image":"b"}]"#)
        #expect(names(changed) == ["sidecar", "api"])
        #expect(changed[1]["image"] == "b" && changed[1]["env"] == [["name": "TOKEN", "value": "hunter2"]])
        #expect(names(try containers(#"[{"name":"new","image":"b"}]"#)) == ["new", "sidecar", "api"])
        #expect(names(try containers(#"[{"name":"sidecar","$patch":"delete"}]"#)) == ["api"])
        #expect(names(try containers(#"[{"$patch":"replace"},{"name":"only","image":"b"}]"#)) == ["only"])
    }

    @Test("nested lists have merge keys of their own, and null deletes")
    func nestedLists() throws {
        let changed = try containers(
            #"[{"name":"api","env":[{"name":"MODE","value":"x"}],"ports":[{"containerPort":80}]}]"#)
        #expect(changed[1]["env"]?.arrayValue?.compactMap { $0["name"] } == ["MODE", "TOKEN"])
        #expect(changed[1]["ports"] == [["containerPort": 80, "protocol": "TCP"]])
        let without = try containers(#"[{"name":"api","env":null}]"#)
        #expect(without[1]["env"] == nil)
        let replaced = try containers(#"[{"name":"api","env":[{"name":"TOKEN","valueFrom":{"x":1},"value":null}]}]"#)
        #expect(replaced[1]["env"] == [["name": "TOKEN", "valueFrom": ["x": 1]]])
    }

    @Test("a merge patch replaces lists whole")
    func mergePatch() throws {
        let cluster = try Fixture.cluster()
        let body = #"{"spec":{"template":{"spec":{"containers":[{"name":"one","image":"b"}]}}}}"#
        let answer = try cluster.ask("PATCH", deploymentPath, MediaType.merge, body)
        #expect(answer.body.at("spec", "template", "spec", "containers")?.arrayValue?.count == 1)
    }

    /// The examples of RFC 7386, appendix A, at a place of an object where anything may stand.
    @Test(
        "merge patch examples",
        arguments: [
            (#"{"a":"b"}"#, #"{"a":"c"}"#, #"{"a":"c"}"#), (#"{"a":"b"}"#, #"{"b":"c"}"#, #"{"a":"b","b":"c"}"#),
            (#"{"a":"b"}"#, #"{"a":null}"#, "{}"), (#"{"a":"b","b":"c"}"#, #"{"a":null}"#, #"{"b":"c"}"#),
            (#"{"a":["b"]}"#, #"{"a":"c"}"#, #"{"a":"c"}"#), (#"{"a":"c"}"#, #"{"a":["b"]}"#, #"{"a":["b"]}"#),
            (#"{"a":{"b":"c"}}"#, #"{"a":{"b":"d","c":null}}"#, #"{"a":{"b":"d"}}"#),
            (#"{"a":[{"b":"c"}]}"#, #"{"a":[1]}"#, #"{"a":[1]}"#), (#"["a","b"]"#, #"["c","d"]"#, #"["c","d"]"#),
            (#"{"a":"b"}"#, #"["c"]"#, #"["c"]"#), (#"{"a":"foo"}"#, #""bar""#, #""bar""#),
            (#"{"e":null}"#, #"{"a":1}"#, #"{"e":null,"a":1}"#), ("[1,2]", #"{"a":"b","c":null}"#, #"{"a":"b"}"#),
            ("{}", #"{"a":{"bb":{"ccc":null}}}"#, #"{"a":{"bb":{}}}"#),
        ])
    func mergePatchExamples(target: String, patch: String, result: String) throws {
        let autoscaler: JSONValue = [
            "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
            "metadata": ["name": "api", "namespace": "staging"],
            "spec": ["maxReplicas": 5, "behavior": try JSONValue(parsing: target)],
        ]
        let path = "/apis/autoscaling/v2/namespaces/staging/horizontalpodautoscalers/api"
        let answer = try Fixture.cluster([autoscaler]).ask(
            "PATCH", path, MediaType.merge, #"{"spec":{"behavior":\#(patch)}}"#)
        #expect(answer.body.at("spec", "behavior") == (try JSONValue(parsing: result)))
    }

    @Test("a field that the file already had is neither refused nor lost")
    func fieldsOfNewerVersions() throws {
        let path = deploymentPath + "?fieldValidation=Strict"
        let newer = Fixture.deployment().setting(["spec", "template", "spec", "fromTheFuture"], ["a": 1])
        let cluster = try Fixture.cluster(deployment: newer)
        let answer = try cluster.ask("PATCH", path, MediaType.merge, #"{"spec":{"replicas":2}}"#)
        #expect(answer.status == 200)
        #expect(answer.body.at("spec", "template", "spec", "fromTheFuture") == ["a": 1])
        #expect(try cluster.ask("PATCH", path, MediaType.merge, #"{"spec":{"other":2}}"#).status == 422)
    }

    /// From RFC 6902, appendix A, on the data of a config map's annotations and on a list.
    @Test(
        "JSON patch operations",
        arguments: [
            (#"[{"op":"add","path":"/metadata/annotations","value":{"a":"1"}}]"#, 200, #"{"a":"1"}"#),
            (
                #"[{"op":"add","path":"/metadata/annotations","value":{"a/b":"1","m~n":"2"}},"#
                    + #"{"op":"remove","path":"/metadata/annotations/a~1b"},"#
                    + #"{"op":"copy","from":"/metadata/annotations/m~0n","path":"/metadata/annotations/c"},"#
                    + #"{"op":"move","from":"/metadata/annotations/m~0n","path":"/metadata/annotations/d"},"#
                    + #"{"op":"test","path":"/metadata/annotations/d","value":"2"}]"#, 200, #"{"c":"2","d":"2"}"#
            ),
            (#"[{"op":"replace","path":"/metadata/absent/x","value":1}]"#, 422, ""),
            (#"[{"op":"remove","path":"/metadata/absent"}]"#, 422, ""),
            (#"[{"op":"test","path":"/metadata/name","value":"other"}]"#, 422, ""),
            (#"[{"op":"invent","path":"/metadata/name"}]"#, 422, ""),
            (#"[{"op":"add","path":"metadata","value":1}]"#, 422, ""),
            (#"[{"op":"move","from":"/metadata","path":"/metadata/inside"}]"#, 422, ""),
            (#"{"op":"add"}"#, 400, ""), (#"[7]"#, 400, ""), ("[", 400, ""),
        ])
    func jsonPatch(patch: String, status: Int, annotations: String) throws {
        let cluster = try Fixture.cluster()
        let path = "/api/v1/namespaces/staging/configmaps/settings"
        let answer = try cluster.ask("PATCH", path, MediaType.json, patch)
        #expect(answer.status == status)
        if status == 200 {
            #expect(answer.body.at("metadata", "annotations") == (try JSONValue(parsing: annotations)))
        } else {
            #expect(answer.body["kind"] == "Status")
        }
    }

    @Test("a JSON patch cannot make a document without end")
    func bombs() throws {
        let cluster = try Fixture.cluster()
        let path = "/api/v1/namespaces/staging/configmaps/settings"
        let start = #"{"op":"add","path":"/metadata/annotations","value":{"a":{"x":"y"}}}"#
        let doublings = Array(
            repeating: #"{"op":"copy","from":"/metadata/annotations","path":"/metadata/annotations/a"}"#, count: 400)
        let nested = try cluster.ask("PATCH", path, MediaType.json, "[\(([start] + doublings).joined(separator: ","))]")
        #expect(nested.status == 413)
        let many = Array(repeating: start, count: 501)
        #expect(try cluster.ask("PATCH", path, MediaType.json, "[\(many.joined(separator: ","))]").status == 413)
        let deep = String(repeating: #"{"a":"#, count: 100) + "1" + String(repeating: "}", count: 100)
        #expect(try cluster.ask("PATCH", path, MediaType.merge, deep).status == 400)
        let large = String(repeating: " ", count: (3 << 20) + 1)
        #expect(try cluster.ask("PATCH", path, MediaType.merge, large).status == 413)
    }

    @Test("PUT replaces the object, and needs its kind and its name")
    func put() throws {
        let cluster = try Fixture.cluster()
        let path = "/api/v1/namespaces/staging/configmaps/settings"
        let object = try cluster.ask("GET", path).body
        let changed = object.setting(["data"], ["ONLY": "1"]).canonicalText
        let answer = try cluster.ask("PUT", path, "application/json", changed)
        #expect(answer.status == 200 && answer.body["data"] == ["ONLY": "1"])
        // The version in it is stale now.
        #expect(try cluster.ask("PUT", path, "application/json", changed).status == 409)
        #expect(try cluster.ask("PUT", path, "application/json", "{}").status == 400)
        #expect(try cluster.ask("PUT", path, MediaType.merge, changed).status == 415)
        let renamed = object.setting(["metadata", "name"], "other").canonicalText
        #expect(try cluster.ask("PUT", path, "application/json", renamed).status == 400)
    }

    @Test("scale can be read and put, under the deployment's version")
    func scale() throws {
        let cluster = try Fixture.cluster()
        let scale = try cluster.ask("GET", deploymentPath + "/scale").body
        #expect(scale["kind"] == "Scale" && scale.at("status", "selector") == "app=api")
        let answer = try cluster.ask(
            "PUT", deploymentPath + "/scale", "application/json", scale.setting(["spec", "replicas"], 7).canonicalText)
        #expect(answer.status == 200 && answer.body.at("spec", "replicas") == 7)
        #expect(try cluster.ask("GET", deploymentPath).body.at("spec", "replicas") == 7)
        let negative = try cluster.ask(
            "PATCH", deploymentPath + "/scale", MediaType.merge, #"{"spec":{"replicas":-1}}"#)
        #expect(negative.status == 422 && negative.body.at("details", "kind") == "Scale")
    }

    @Test("status, uid and generation are not the client's to set")
    func protectedFields() throws {
        let cluster = try Fixture.cluster()
        let body = #"{"metadata":{"generation":99},"status":{"availableReplicas":99}}"#
        let answer = try cluster.ask("PATCH", deploymentPath, MediaType.merge, body).body
        #expect(answer.at("metadata", "generation") == 1 && answer.at("status", "availableReplicas") == 3)
        let uid = try cluster.ask("PATCH", deploymentPath, MediaType.merge, #"{"metadata":{"uid":"x"}}"#)
        #expect(uid.status == 422)
    }

    @Test(
        "label selectors",
        arguments: [
            ("app=api", 1), ("app==api", 1), ("app!=api", 1), ("app in (api, b)", 1), ("app notin (api)", 1),
            ("app", 1),
            ("!app", 1), ("app=", 0), ("app=api,tier=front", 1), ("app,!tier", 0),
        ])
    func labelSelectors(selector: String, count: Int) throws {
        let labelled = Fixture.configMap.setting(["metadata", "name"], "labelled")
            .setting(["metadata", "labels"], ["app": "api", "tier": "front"])
        let cluster = try EmbeddedCluster(objects: Fixture.list([Fixture.configMap, labelled]), clock: { Fixture.now })
        let target = "/api/v1/configmaps?labelSelector=\(PercentEncoding.encode(selector))"
        let answer = try cluster.ask("GET", target)
        #expect(answer.status == 200 && answer.body["items"]?.arrayValue?.count == count)
    }

    @Test("a target's segments are names and nothing else")
    func requestTargets() {
        for name in ["", ".", "..", "a/b", "a\\b", "a\u{0}", "a\u{7F}"] {
            #expect(RequestTarget(segments: ["api", name]) == nil)
        }
        let target = RequestTarget(segments: ["a b", "c%2f?d"], query: [.init("x y", "1&2=3+4")])
        #expect(target?.text == "/a%20b/c%252f%3Fd?x%20y=1%262%3D3%2B4")
        #expect(target.flatMap { RequestTarget(parsing: $0.text) } == target)
        for text in ["", "a", "*", "http://a/b", "/%", "/%f", "/%zz", "/%ff", "/a#b", "/a?%"] {
            #expect(RequestTarget(parsing: text) == nil)
        }
        #expect(RequestTarget(parsing: "/a//b/")?.segments == ["a", "", "b"])
        #expect(RequestTarget(parsing: "/a//b/")?.endsWithSlash == true)
    }
}
