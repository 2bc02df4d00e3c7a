import ChangeModel
import EmbeddedCluster
import HTTP
import KubernetesExecutor
import Runner
import Testing

/// The executor that production runs, over the embedded cluster, from prechecks to after-state.
@Suite("actions end to end")
struct ExecutorOverClusterTests {
    private let deploymentPath = "/apis/apps/v1/namespaces/staging/deployments/api"

    @Test("a restart replaces every pod, one after the other, and says how far it is")
    func restart() throws {
        let bench = Bench(try Fixture.cluster())
        let step = Fixture.step(
            "restart-deployment", Fixture.target, prechecks: ["deployment-exists", "minimum-replicas"],
            stateFields: ["generation", "observed_generation", "available_replicas"])
        #expect(try bench.executor.runPrechecks(for: step).map(\.passed) == [true, true])
        let pods = try bench.get("/api/v1/namespaces/staging/pods")["items"]?.arrayValue?.count
        let before = try bench.executor.captureState(for: step)
        let report = try bench.execute(step, before: before)
        let after = try bench.executor.captureState(for: step)
        #expect(report.summary == "restarted 3 replicas of deployment `staging/api`")
        #expect(pods == 3)
        #expect(before.fields["generation"] == 1 && after.fields["generation"] == 2)
        #expect(after.fields["observed_generation"] == 2 && after.fields["available_replicas"] == 3)
        #expect(after.fields["restarted_at"] == .string(Timestamp(seconds: Fixture.now).description))
        #expect(before.fields["revision"] == 1 && after.fields["revision"] == 2)
        #expect(before.objectDigest != after.objectDigest && before.version != after.version)
        // Seeing the new spec is one thing, each further step another.
        #expect(bench.progress.first?.contains("waiting for the controller") == true)
        #expect(bench.progress.count >= 3 && Set(bench.progress).count == bench.progress.count)
        #expect(bench.slept > 0 && bench.slept < 5000)
        let names = try bench.get("/api/v1/namespaces/staging/pods")["items"]?.arrayValue?.count
        #expect(names == 3)
    }

    @Test("scaling goes up and down, and back by the recorded value", arguments: [0, 1, 5, 40] as [Int64])
    func scale(replicas: Int64) throws {
        let bench = Bench(try Fixture.cluster())
        let step = Fixture.step(
            "scale-deployment", Fixture.target.merging(["replicas": .integer(replicas)]) { $1 },
            prechecks: ["deployment-exists", "hpa-check"],
            stateFields: ["replicas", "available_replicas", "ready_replicas"])
        #expect(try bench.executor.runPrechecks(for: step).allSatisfy(\.passed))
        let before = try bench.executor.captureState(for: step)
        _ = try bench.execute(step, before: before)
        let after = try bench.executor.captureState(for: step)
        #expect(before.fields["replicas"] == 3)
        for field in ["replicas", "available_replicas", "ready_replicas"] {
            #expect(after.fields[field] == .integer(replicas))
        }
        // Scaling is no new template.
        #expect(after.fields["revision"] == before.fields["revision"])
        let back = Fixture.step(
            "scale-deployment", Fixture.target.merging(["replicas": before.fields["replicas"] ?? .null]) { $1 })
        _ = try bench.execute(back)
        #expect(try bench.executor.captureState(for: back).fields["replicas"] == 3)
        #expect(try bench.get("/api/v1/namespaces/staging/pods")["items"]?.arrayValue?.count == 3)
    }

    @Test("undoing an image update restores the older template exactly, as a new revision")
    func updateImageAndUndo() throws {
        let bench = Bench(try Fixture.cluster())
        let update = Fixture.step(
            "update-image", Fixture.target.merging(["container": "api", "image": "registry.example/api:2.0"]) { $1 },
            prechecks: ["deployment-exists", "container-exists", "image-pullable"],
            stateFields: ["current_image", "generation"])
        #expect(try bench.executor.runPrechecks(for: update).allSatisfy(\.passed))
        let original = try bench.get(deploymentPath).at("spec", "template")
        let before = try bench.executor.captureState(for: update)
        _ = try bench.execute(update, before: before)
        let between = try bench.executor.captureState(for: update)
        #expect(before.fields["current_image"] == "registry.example/api:1.0")
        #expect(between.fields["current_image"] == "registry.example/api:2.0")
        #expect(between.fields["images"]?["sidecar"] == "registry.example/sidecar:3")

        let undo = Fixture.step("rollout-undo", Fixture.target, prechecks: ["deployment-exists", "revision-exists"])
        #expect(try bench.executor.runPrechecks(for: undo).allSatisfy(\.passed))
        let report = try bench.execute(undo)
        let after = try bench.executor.captureState(for: update)
        #expect(report.summary.contains("revision 1"))
        #expect(try bench.get(deploymentPath).at("spec", "template") == original)
        #expect(after.fields["template_digest"] == before.fields["template_digest"])
        #expect(after.fields["revision"] == 3)
        // The older replica set was taken up again, not copied.
        let sets = try bench.get("/apis/apps/v1/namespaces/staging/replicasets")["items"]?.arrayValue ?? []
        let revisions = sets.compactMap {
            $0.at("metadata", "annotations", "deployment.kubernetes.io/revision")?.stringValue
        }
        #expect(revisions.sorted() == ["2", "3"])
    }

    @Test("an undo can name the revision, and one that is not kept is refused before anything is sent")
    func undoToRevision() throws {
        let bench = Bench(try Fixture.cluster())
        for tag in ["2.0", "3.0"] {
            _ = try bench.execute(
                Fixture.step(
                    "update-image",
                    Fixture.target.merging(["container": "api", "image": .string("registry.example/api:\(tag)")]) { $1 }
                ))
        }
        let sent = bench.transport.mutations.count
        let missing = Fixture.step(
            "rollout-undo", Fixture.target.merging(["revision": 9]) { $1 }, prechecks: ["revision-exists"])
        let precheck = try #require(try bench.executor.runPrechecks(for: missing).first)
        #expect(!precheck.passed && precheck.detail == "no revision 9; there are 1, 2, 3")
        #expect(try bench.failure(missing)?.code == .notFound)
        #expect(bench.transport.mutations.count == sent)
        let step = Fixture.step("rollout-undo", Fixture.target.merging(["revision": 1]) { $1 })
        _ = try bench.execute(step)
        #expect(try bench.executor.captureState(for: step).fields["images"]?["api"] == "registry.example/api:1.0")
        // Asked for what is there already, it changes nothing.
        let again = Fixture.step("rollout-undo", Fixture.target.merging(["revision": 4]) { $1 })
        let count = bench.transport.mutations.count
        #expect(try bench.execute(again).summary.contains("nothing was changed"))
        #expect(bench.transport.mutations.count == count)
    }

    @Test("a replica set that the deployment does not own is never rolled back to")
    func foreignReplicaSet() throws {
        let stranger: JSONValue = [
            "apiVersion": "apps/v1", "kind": "ReplicaSet",
            "metadata": [
                "name": "api-evil", "namespace": "staging", "labels": ["app": "api"],
                "annotations": ["deployment.kubernetes.io/revision": "1"],
                "ownerReferences": [
                    [
                        "apiVersion": "apps/v1", "kind": "Deployment", "name": "api", "uid": "another",
                        "controller": true,
                    ]
                ],
            ],
            "spec": [
                "replicas": 0, "selector": ["matchLabels": ["app": "api"]],
                "template": ["spec": ["containers": [["name": "api", "image": "evil"]]]],
            ],
        ]
        let bench = Bench(try Fixture.cluster([stranger]))
        let step = Fixture.step("rollout-undo", Fixture.target, prechecks: ["revision-exists"])
        #expect(try bench.executor.runPrechecks(for: step).first?.passed == false)
        #expect(try bench.failure(step)?.code == .notFound)
        #expect(bench.transport.mutations.isEmpty)
    }

    @Test("cordon and uncordon turn scheduling off and on")
    func cordon() throws {
        let bench = Bench(try Fixture.cluster())
        let cordon = Fixture.step(
            "cordon-node", ["node": "node-1"], prechecks: ["node-exists", "capacity-check"],
            stateFields: ["schedulable"])
        let uncordon = Fixture.step(
            "uncordon-node", ["node": "node-1"], prechecks: ["node-exists", "node-cordoned"])
        #expect(try bench.executor.runPrechecks(for: cordon).map(\.passed) == [true, true])
        #expect(try bench.executor.runPrechecks(for: uncordon).map(\.passed) == [true, false])
        #expect(try bench.executor.captureState(for: cordon).fields == ["schedulable": true])
        #expect(try bench.execute(cordon).summary == "cordoned node `node-1`")
        #expect(try bench.executor.captureState(for: cordon).fields == ["schedulable": false])
        #expect(try bench.execute(cordon).summary.contains("already"))
        #expect(bench.transport.mutations.count == 1)
        let last = Fixture.step("cordon-node", ["node": "node-2"], prechecks: ["capacity-check"])
        #expect(try bench.executor.runPrechecks(for: last).first?.passed == false)
        _ = try bench.execute(uncordon)
        #expect(try bench.get("/api/v1/nodes/node-1")["spec"] == [:])
    }

    @Test("a config map is read for the caller, and recorded by digests")
    func configMaps() throws {
        let bench = Bench(try Fixture.cluster())
        let name: [String: JSONValue] = ["namespace": "staging", "configmap": "settings"]
        let read = Fixture.step("get-configmap", name, prechecks: ["configmap-exists"])
        #expect(try bench.executor.runPrechecks(for: read).allSatisfy(\.passed))
        let output = try bench.execute(read).output
        #expect(
            output == [
                "data": ["LOG_LEVEL": "info", "PASSWORD": "hunter2"], "binaryData": ["blob": "AAEC"],
            ])
        #expect(bench.transport.mutations.isEmpty)

        let update = Fixture.step(
            "update-configmap", name.merging(["key": "LOG_LEVEL", "value": "line \"1\"\n{\"a\": null}"]) { $1 },
            prechecks: ["configmap-exists", "dependent-pods"], stateFields: ["data", "previous_value"])
        let prechecks = try bench.executor.runPrechecks(for: update)
        #expect(prechecks.map(\.passed) == [true, true])
        #expect(prechecks.last?.detail.hasPrefix("3 pods use it") == true)
        let before = try bench.executor.captureState(for: update)
        #expect(before.fields["previous_value"] == "info")
        let entry: JSONValue = ["PASSWORD", "hunter2"]
        #expect(
            before.fields["data"]?["PASSWORD"] == .string(try Fixture.evidenceKey.code(of: entry.canonicalBytes)))
        #expect(!"\(before)".contains("hunter2"))
        #expect(!"\(before)".contains(Digest(of: Array("hunter2".utf8)).hexadecimal))
        _ = try bench.execute(update, before: before)
        let path = "/api/v1/namespaces/staging/configmaps/settings"
        #expect(try bench.get(path)["data"] == ["LOG_LEVEL": "line \"1\"\n{\"a\": null}", "PASSWORD": "hunter2"])
        let absent = Fixture.step(
            "update-configmap", name.merging(["key": "NEW", "value": "1"]) { $1 }, stateFields: ["previous_value"])
        #expect(try bench.executor.captureState(for: absent).fields["previous_value"] == .null)
        _ = try bench.execute(absent)
        #expect(try bench.executor.captureState(for: absent).fields["previous_value"] == "1")
        // What the action does not ask for is not recorded.
        let silent = Fixture.step("update-configmap", name.merging(["key": "LOG_LEVEL", "value": "x"]) { $1 })
        #expect(try bench.executor.captureState(for: silent).fields["previous_value"] == nil)
    }

    @Test("an image that is never pulled is not converged, and may have been applied")
    func brokenImage() throws {
        for image in ["registry.example/api:broken", "registry.invalid/api:2.0"] {
            let bench = Bench(try Fixture.cluster())
            let step = Fixture.step(
                "update-image", Fixture.target.merging(["container": "api", "image": .string(image)]) { $1 })
            let error = try #require(try bench.failure(step))
            #expect(error.code == .notConverged && error.mayHaveBeenApplied)
            #expect(error.message.contains("progress deadline") && error.message.contains("ImagePullBackOff"))
            // The old pods still serve, and going back works.
            #expect(try bench.executor.captureState(for: step).fields["available_replicas"] == 3)
            _ = try bench.execute(Fixture.step("rollout-undo", Fixture.target))
            let after = try bench.executor.captureState(for: step)
            #expect(after.fields["current_image"] == "registry.example/api:1.0")
            #expect(after.fields["available_replicas"] == 3)
        }
    }

    @Test("a rollout that moves on for ever ends at the time limit")
    func timeLimit() throws {
        let cluster = try Fixture.cluster()
        let bench = Bench(cluster, timeout: 30)
        bench.transport.afterSend = { request, response throws(HTTPError) in
            guard request.method == "GET", request.target.contains("/deployments/"), !bench.transport.mutations.isEmpty,
                let object = try? JSONValue(parsing: response.body)
            else { return response }
            let waiting = object.setting(["status", "observedGeneration"], 0)
            return HTTPResponse(status: 200, headers: response.headers, body: waiting.canonicalBytes)
        }
        let error = try #require(try bench.failure(Fixture.step("restart-deployment", Fixture.target)))
        #expect(error.code == .notConverged && error.mayHaveBeenApplied)
        #expect(error.message.contains("within 30 s"))
        #expect((30_000...34_000).contains(bench.slept))
    }
}
