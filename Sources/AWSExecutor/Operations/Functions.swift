internal import ChangeModel
internal import HTTP
internal import Runner

/// A Lambda function by name, and how it is asked about (AWS Lambda API, version 2015-03-31).
struct FunctionName {
    let name: String
    let region: String

    init(_ parameters: StepParameters) throws(ExecutionError) {
        name = try parameters.name("function_name", and: "-_", limit: 64)
        region = try parameters.region()
    }

    var subject: String { "function `\(name)` in \(region)" }

    func call(
        _ operation: String, _ method: String, _ rest: String, _ effect: ServiceCall.Effect, body: [UInt8] = []
    ) -> ServiceCall {
        var call = ServiceCall(
            service: .lambda, operation: operation, method: method,
            segments: ["2015-03-31", "functions", name, rest],
            headers: body.isEmpty ? [] : [(name: "Content-Type", value: "application/json")], body: body, form: .json,
            effect: effect)
        // A validation error quotes what it refuses.
        call.hidesMessages = effect != .read
        return call
    }

    func configuration(_ session: AWSSession) throws(ExecutionError) -> JSONValue? {
        let call = call("GetFunctionConfiguration", "GET", "configuration", .read)
        guard let response = try session.find(call, in: region, absent: ["ResourceNotFoundException"]) else {
            return nil
        }
        return try session.json(response, subject)
    }

    /// Values of the environment are secrets: names and keyed hashes.
    func resource(_ session: AWSSession) throws(ExecutionError) -> AWSResource? {
        guard let found = try configuration(session) else { return nil }
        var variables: [String: JSONValue] = [:]
        for (name, value) in found.at("Environment", "Variables")?.objectValue ?? [:] {
            let entry: JSONValue = [.string(name), .string(value.stringValue ?? "")]
            variables[name.forMessage()] = .string(try session.key.code(of: entry.canonicalBytes))
        }
        func text(_ key: String) -> JSONValue { found[key]?.stringValue.map { .string($0.forMessage()) } ?? .null }
        return AWSResource(
            fields: [
                "memory_size": found["MemorySize"] ?? .null, "timeout": found["Timeout"] ?? .null,
                "runtime": text("Runtime"), "state": found["State"] == nil ? "Active" : text("State"),
                "environment": .object(variables),
            ],
            identity: .compact([
                "arn": found["FunctionArn"], "memory": found["MemorySize"], "timeout": found["Timeout"],
                "runtime": found["Runtime"], "code": found["CodeSha256"], "environment": found["Environment"],
            ]), version: found["RevisionId"]?.stringValue)
    }
}

/// `lambda-update-function-config`: memory, timeout, environment; conditional on the revision that was read.
struct UpdateFunction: AWSOperation {
    private let function: FunctionName
    private let memory: Int64?
    private let timeout: Int64?
    private let variables: [String: JSONValue]?

    init(_ parameters: StepParameters) throws(ExecutionError) {
        function = try FunctionName(parameters)
        memory = try parameters.optionalInteger("memory_size", in: 128...10_240)
        timeout = try parameters.optionalInteger("timeout", in: 1...900)
        variables = try parameters.optionalString("environment_variables").map { (text) throws(ExecutionError) in
            guard
                let value = try? JSONValue(parsing: Array(text.utf8), limits: JSONLimits(bytes: 64 << 10, depth: 4)),
                let members = value.objectValue, members.values.allSatisfy({ $0.stringValue != nil })
            else {
                throw ExecutionError(
                    code: .invalid,
                    message: "param `environment_variables` must be a JSON object of strings; nothing was sent")
            }
            return members
        }
    }

    var subject: String { function.subject }

    func read(_ session: AWSSession) throws(ExecutionError) -> AWSResource? { try function.resource(session) }

    func check(
        _ precheck: String, _ resource: AWSResource?, _ session: AWSSession
    ) throws(ExecutionError) -> AWSFinding? { precheck == "function-exists" ? exists(resource) : nil }

    func execute(_ execution: AWSExecution) throws(ExecutionError) -> ExecutionReport {
        var body: [String: JSONValue] = [:]
        if let memory { body["MemorySize"] = .integer(memory) }
        if let timeout { body["Timeout"] = .integer(timeout) }
        if let variables { body["Environment"] = ["Variables": .object(variables)] }
        guard !body.isEmpty else {
            throw ExecutionError(
                code: .invalid,
                message: "none of `memory_size`, `timeout` and `environment_variables` is given; nothing was sent")
        }
        let names = body.keys.sorted().map {
            $0 == "Environment" ? "environment" : $0 == "Timeout" ? "timeout" : "memory"
        }
        if let version = execution.current?.version { body["RevisionId"] = .string(version) }
        let call = function.call(
            "UpdateFunctionConfiguration", "PUT", "configuration", .once,
            body: JSONValue.object(body).canonicalBytes)
        _ = try execution.send(call, in: function.region)
        try execution.session.wait(for: subject, execution.progress) {
            () throws(ExecutionError) -> (isThere: Bool, news: String) in
            let found = try function.configuration(execution.session)
            let status = found?["LastUpdateStatus"]?.stringValue ?? "Successful"
            guard status != "Failed" else {
                throw ExecutionError(code: .notConverged, message: "the update of \(subject) failed; look at it")
            }
            return (status == "Successful", "the update is \(status.forMessage())")
        }
        return ExecutionReport(summary: "set \(names.joined(separator: ", ")) of \(subject)")
    }
}

/// `lambda-invoke-function`: once, and waits for the answer, which is for the caller's eyes alone.
struct InvokeFunction: AWSOperation {
    private let function: FunctionName
    private let payload: [UInt8]

    init(_ parameters: StepParameters) throws(ExecutionError) {
        function = try FunctionName(parameters)
        payload = Array(try parameters.optionalString("payload")?.utf8 ?? "".utf8)
        // A synchronous call's limit is 6 MB.
        let limits = JSONLimits(bytes: 6 << 20, depth: 64)
        guard payload.isEmpty || (try? JSONValue(parsing: payload, limits: limits)) != nil else {
            throw ExecutionError(code: .invalid, message: "param `payload` must be JSON; nothing was sent")
        }
    }

    var subject: String { function.subject }

    func read(_ session: AWSSession) throws(ExecutionError) -> AWSResource? { try function.resource(session) }

    func check(
        _ precheck: String, _ resource: AWSResource?, _ session: AWSSession
    ) throws(ExecutionError) -> AWSFinding? { precheck == "function-exists" ? exists(resource) : nil }

    func execute(_ execution: AWSExecution) throws(ExecutionError) -> ExecutionReport {
        var call = function.call("Invoke", "POST", "invocations", .once, body: payload)
        call.headers.append((name: "X-Amz-Invocation-Type", value: "RequestResponse"))
        // A function may take a quarter of an hour.
        call.timeout = 910
        let response = try execution.send(call, in: function.region)
        let answer =
            (try? JSONValue(parsing: response.body, limits: JSONLimits(bytes: 8 << 20, depth: 64)))
            ?? .string(String(decoding: response.body, as: UTF8.self))
        guard response.header("X-Amz-Function-Error") == nil else {
            throw ExecutionError(
                code: .refused,
                message: "\(subject) was invoked and ended with an error of its own; its logs say which",
                mayHaveBeenApplied: true)
        }
        return ExecutionReport(
            summary: "invoked \(subject); it answered \(response.body.count) bytes", secretOutput: answer)
    }
}
