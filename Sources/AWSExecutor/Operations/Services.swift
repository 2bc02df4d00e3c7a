internal import ChangeModel
internal import HTTP
internal import Runner

/// What the two actions on ECS services share (Amazon ECS API, version 2014-11-13).
protocol ServiceOperation: AWSOperation {
    var service: ServiceName { get }
    /// nil: unchanged.
    var desiredCount: Int64? { get }
    var forcesDeployment: Bool { get }
}

struct ServiceName {
    let cluster: String
    let service: String
    let region: String

    init(_ parameters: StepParameters) throws(ExecutionError) {
        cluster = try parameters.name("cluster", and: "-_", limit: 255)
        service = try parameters.name("service", and: "-_", limit: 255)
        region = try parameters.region()
    }
}

enum ContainerService {
    static let target = "AmazonEC2ContainerServiceV20141113"

    static func call(_ operation: String, _ body: JSONValue, _ effect: ServiceCall.Effect) -> ServiceCall {
        .json(.ecs, operation, target: target, body, effect)
    }
}

extension ServiceOperation {
    var subject: String { "service `\(service.service)` of cluster `\(service.cluster)` in \(service.region)" }

    private func describe(_ session: AWSSession) throws(ExecutionError) -> JSONValue? {
        let call = ContainerService.call(
            "DescribeServices", ["cluster": .string(service.cluster), "services": [.string(service.service)]], .read)
        guard let response = try session.find(call, in: service.region, absent: ["ClusterNotFoundException"]) else {
            return nil
        }
        let found = try session.json(response, subject)["services"]?.arrayValue?.first {
            $0["serviceName"]?.stringValue == service.service
        }
        // One that was deleted is described for a while.
        return found?["status"]?.stringValue == "INACTIVE" ? nil : found
    }

    func read(_ session: AWSSession) throws(ExecutionError) -> AWSResource? {
        guard let found = try describe(session) else { return nil }
        func text(_ key: String, _ limit: Int) -> JSONValue {
            .string((found[key]?.stringValue ?? "").forMessage(limit: limit))
        }
        return AWSResource(
            fields: [
                "desired_count": found["desiredCount"] ?? .null, "running_count": found["runningCount"] ?? .null,
                "pending_count": found["pendingCount"] ?? .null, "status": text("status", 80),
                "task_definition": text("taskDefinition", 200),
            ],
            identity: .compact([
                "arn": found["serviceArn"], "desired": found["desiredCount"], "task": found["taskDefinition"],
                "status": found["status"],
            ]))
    }

    func check(
        _ precheck: String, _ resource: AWSResource?, _ session: AWSSession
    ) throws(ExecutionError) -> AWSFinding? {
        guard precheck == "service-exists" else { return nil }
        guard let status = resource?.fields["status"]?.stringValue, status != "ACTIVE" else { return exists(resource) }
        return AWSFinding(passed: false, detail: "\(subject) is \(status), not ACTIVE")
    }

    func execute(_ execution: AWSExecution) throws(ExecutionError) -> ExecutionReport {
        var body: [String: JSONValue] = ["cluster": .string(service.cluster), "service": .string(service.service)]
        if let desiredCount { body["desiredCount"] = .integer(desiredCount) }
        if forcesDeployment { body["forceNewDeployment"] = true }
        guard body.count > 2 else {
            throw ExecutionError(
                code: .invalid, message: "neither `desired_count` nor `force_new_deployment` is given; nothing was sent"
            )
        }
        let old = execution.current?.fields["desired_count"]?.integerValue ?? 0
        _ = try execution.send(ContainerService.call("UpdateService", .object(body), .once), in: service.region)
        try execution.session.wait(for: subject, execution.progress) {
            () throws(ExecutionError) -> (isThere: Bool, news: String) in
            guard let found = try describe(execution.session) else { return (false, "\(subject) is gone") }
            let (running, desired) = (found["runningCount"]?.integerValue, found["desiredCount"]?.integerValue)
            let deployments = found["deployments"]?.arrayValue?.count ?? 0
            // Steady, as `aws ecs wait services-stable` has it.
            let isSteady = deployments == 1 && running == desired && (desiredCount ?? desired) == desired
            return (
                isSteady,
                "\(running ?? 0) of \(desired ?? 0) tasks running, \(deployments) deployments"
            )
        }
        let scaled = desiredCount.map { "from \(old) to \($0) tasks" }
        let words = [scaled, forcesDeployment ? "with a new deployment" : nil].compactMap(\.self).joined(
            separator: ", ")
        return ExecutionReport(summary: "updated \(subject) \(words)")
    }
}

struct ScaleService: ServiceOperation {
    let service: ServiceName
    let desiredCount: Int64?
    var forcesDeployment: Bool { false }

    init(_ parameters: StepParameters) throws(ExecutionError) {
        service = try ServiceName(parameters)
        desiredCount = try parameters.integer("desired_count", in: 0...5000)
    }
}

struct UpdateService: ServiceOperation {
    let service: ServiceName
    let desiredCount: Int64?
    let forcesDeployment: Bool

    init(_ parameters: StepParameters) throws(ExecutionError) {
        service = try ServiceName(parameters)
        desiredCount = try parameters.optionalInteger("desired_count", in: 0...5000)
        forcesDeployment = try parameters.optionalBool("force_new_deployment") ?? false
    }
}

/// `ecs-stop-task`: stops one task; its service may start another.
struct StopTask: AWSOperation {
    private let cluster: String
    private let task: String
    private let reason: String?
    private let region: String

    init(_ parameters: StepParameters) throws(ExecutionError) {
        cluster = try parameters.name("cluster", and: "-_", limit: 255)
        task = try parameters.name("task", and: "-_:/", limit: 400)
        reason = try parameters.optionalString("reason")
        region = try parameters.region()
        guard (reason ?? "").utf8.count <= 255 else {
            throw ExecutionError(code: .invalid, message: "param `reason` has more than 255 bytes; nothing was sent")
        }
    }

    var subject: String { "task `\(task.forMessage())` of cluster `\(cluster)` in \(region)" }

    func read(_ session: AWSSession) throws(ExecutionError) -> AWSResource? {
        let call = ContainerService.call(
            "DescribeTasks", ["cluster": .string(cluster), "tasks": [.string(task)]], .read)
        guard
            let response = try session.find(
                call, in: region, absent: ["ClusterNotFoundException", "InvalidParameterException"]),
            let found = try session.json(response, subject)["tasks"]?.arrayValue?.first,
            let status = found["lastStatus"]?.stringValue
        else { return nil }
        return AWSResource(
            fields: [
                "last_status": .string(status.forMessage()),
                "desired_status": .string((found["desiredStatus"]?.stringValue ?? "").forMessage()),
            ],
            identity: .compact(["arn": found["taskArn"], "desired": found["desiredStatus"]]))
    }

    func check(
        _ precheck: String, _ resource: AWSResource?, _ session: AWSSession
    ) throws(ExecutionError) -> AWSFinding? { precheck == "task-exists" ? exists(resource) : nil }

    func execute(_ execution: AWSExecution) throws(ExecutionError) -> ExecutionReport {
        var body: [String: JSONValue] = ["cluster": .string(cluster), "task": .string(task)]
        if let reason { body["reason"] = .string(reason) }
        _ = try execution.send(ContainerService.call("StopTask", .object(body), .once), in: region)
        try execution.session.wait(for: subject, execution.progress) {
            () throws(ExecutionError) -> (isThere: Bool, news: String) in
            // A stopped task is described for an hour or so.
            let status = try read(execution.session)?.fields["last_status"]?.stringValue ?? "STOPPED"
            return (status == "STOPPED", "\(subject) is \(status)")
        }
        return ExecutionReport(summary: "stopped \(subject)")
    }

    var endsResource: Bool { true }
}
