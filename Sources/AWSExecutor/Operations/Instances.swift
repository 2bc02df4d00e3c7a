internal import ChangeModel
internal import HTTP
internal import Runner

/// What the four actions on EC2 instances share (Amazon EC2 API, version 2016-11-15).
protocol InstanceOperation: AWSOperation {
    var instance: InstanceName { get }
    /// `StopInstances`
    static var operation: String { get }
    /// `stopped`, where it ends; nil where it does not show.
    static var destination: String? { get }
    /// States from which it leads there.
    static var origins: Set<String> { get }
    /// For people: `stopped instance …`.
    static var done: String { get }
}

struct InstanceName {
    let id: String
    let region: String

    init(_ parameters: StepParameters) throws(ExecutionError) {
        id = try parameters.word("instance_id") { text in
            text.hasPrefix("i-") && (10...19).contains(text.utf8.count)
                && text.dropFirst(2).utf8.allSatisfy { Hexadecimal.value($0) != nil && !(0x41...0x46).contains($0) }
        }
        region = try parameters.region()
    }
}

extension InstanceOperation {
    static var version: String { "2016-11-15" }
    var subject: String { "instance `\(instance.id)` in \(instance.region)" }

    func read(_ session: AWSSession) throws(ExecutionError) -> AWSResource? {
        let call = ServiceCall.query(
            .ec2, "DescribeInstances", version: Self.version, [("InstanceId.1", instance.id)], .read)
        guard
            let response = try session.find(
                call, in: instance.region, absent: ["InvalidInstanceID.NotFound", "InvalidInstanceID.Malformed"])
        else { return nil }
        let found = try session.xml(response, subject).at("reservationSet", "item", "instancesSet", "item")
        guard let found, found["instanceId"]?.text == instance.id, let state = found.at("instanceState", "name")?.text
        else { return nil }
        let type = found["instanceType"]?.text ?? ""
        return AWSResource(
            fields: ["state": .string(state.forMessage()), "instance_type": .string(type.forMessage())],
            identity: [
                "id": .string(instance.id), "state": .string(state), "type": .string(type),
                "launched": .string(found["launchTime"]?.text ?? ""),
            ])
    }

    func check(
        _ precheck: String, _ resource: AWSResource?, _ session: AWSSession
    ) throws(ExecutionError) -> AWSFinding? {
        precheck == "instance-exists" ? exists(resource) : nil
    }

    func state(of resource: AWSResource?) -> String { resource?.fields["state"]?.stringValue ?? "" }

    func refuseWrongState(_ resource: AWSResource?) throws(ExecutionError) {
        let state = state(of: resource)
        guard Self.origins.contains(state) else {
            throw ExecutionError(
                code: .refused,
                message: "\(subject) is \(state); this is done to one that is "
                    + Self.origins.sorted().joined(separator: " or "))
        }
    }

    private func call(dryRun: Bool) -> ServiceCall {
        let fields = [("InstanceId.1", instance.id)] + (dryRun ? [("DryRun", "true")] : [])
        return .query(.ec2, Self.operation, version: Self.version, fields, dryRun ? .read : .once)
    }

    func execute(_ execution: AWSExecution) throws(ExecutionError) -> ExecutionReport {
        if let destination = Self.destination, state(of: execution.current) == destination {
            return ExecutionReport(summary: "\(subject) was \(destination) already; nothing was changed")
        }
        try refuseWrongState(execution.current)
        _ = try execution.send(call(dryRun: false), in: instance.region)
        guard let destination = Self.destination else { return ExecutionReport(summary: "\(Self.done) \(subject)") }
        try execution.session.wait(for: subject, execution.progress) {
            () throws(ExecutionError) -> (isThere: Bool, news: String) in
            let state = state(of: try read(execution.session))
            let isThere = state == destination || (destination == "terminated" && state.isEmpty)
            return (isThere, "\(subject) is \(state)")
        }
        return ExecutionReport(summary: "\(Self.done) \(subject)")
    }

    /// EC2 answers a dry run with an error that says that it would have worked.
    func preview(_ session: AWSSession, before: CapturedState) throws(ExecutionError) -> Preview {
        if let destination = Self.destination, before.fields["state"]?.stringValue == destination {
            return .predicted(
                Prediction(after: before, differences: [], notes: ["\(subject) is \(destination) already"]))
        }
        try refuseWrongState(AWSResource(fields: before.fields, identity: .null))
        do throws(ServiceError) {
            _ = try session.client(instance.region).send(call(dryRun: true))
        } catch {
            guard error.code == "DryRunOperation" else { throw AWSSession.failure(error) }
            var after = before
            if let destination = Self.destination {
                after.fields["state"] = .string(destination)
                after.objectDigest = try session.key.code(of: Array("\(instance.id) \(destination)".utf8))
            }
            return .predicted(
                Prediction(
                    after: after, differences: StateDifference.between(before, after),
                    notes: Self.destination == nil ? ["the instance would restart"] : []))
        }
        return .unavailable(reason: "the service did not take the dry run for one")
    }
}

struct StartInstance: InstanceOperation {
    let instance: InstanceName
    init(_ parameters: StepParameters) throws(ExecutionError) { instance = try InstanceName(parameters) }
    static let operation = "StartInstances"
    static let destination: String? = "running"
    static let origins: Set<String> = ["stopped"]
    static let done = "started"
}

struct StopInstance: InstanceOperation {
    let instance: InstanceName
    init(_ parameters: StepParameters) throws(ExecutionError) { instance = try InstanceName(parameters) }
    static let operation = "StopInstances"
    static let destination: String? = "stopped"
    static let origins: Set<String> = ["running"]
    static let done = "stopped"
}

struct RebootInstance: InstanceOperation {
    let instance: InstanceName
    init(_ parameters: StepParameters) throws(ExecutionError) { instance = try InstanceName(parameters) }
    static let operation = "RebootInstances"
    static let destination: String? = nil
    static let origins: Set<String> = ["running"]
    static let done = "rebooted"
}

struct TerminateInstance: InstanceOperation {
    let instance: InstanceName
    init(_ parameters: StepParameters) throws(ExecutionError) { instance = try InstanceName(parameters) }
    static let operation = "TerminateInstances"
    static let destination: String? = "terminated"
    static let origins: Set<String> = ["running", "stopped", "stopping", "pending"]
    static let done = "terminated"
    var endsResource: Bool { true }

    func check(
        _ precheck: String, _ resource: AWSResource?, _ session: AWSSession
    ) throws(ExecutionError) -> AWSFinding? {
        if precheck == "instance-exists" { return exists(resource) }
        guard precheck == "termination-protection" else { return nil }
        guard resource != nil else { return AWSFinding(passed: false, detail: "not checked: there is no \(subject)") }
        let call = ServiceCall.query(
            .ec2, "DescribeInstanceAttribute", version: Self.version,
            [("InstanceId", instance.id), ("Attribute", "disableApiTermination")], .read)
        let answer = try session.xml(try session.send(call, in: instance.region), subject)
        guard let value = answer.at("disableApiTermination", "value")?.text else {
            return AWSFinding(passed: false, detail: "the service does not say whether it is protected")
        }
        return value.lowercased() == "true"
            ? AWSFinding(passed: false, detail: "it is protected against termination; somebody wants to keep it")
            : AWSFinding(passed: true, detail: "it is not protected against termination")
    }
}
