import ChangeModel
import HTTP
import OperatingSystem
import TestSupport
import Testing

@testable import AWSExecutor

@Suite("Calls to a service")
struct ServiceClientTests {
    private let key = FixedKey(AccessKey(id: "AKIAX", secret: "s"))

    private func client(_ server: AnswersServer, _ pauses: Pauses = Pauses(), keys: (any KeySource)? = nil)
        -> ServiceClient
    {
        ServiceClient(
            region: "eu-central-1", endpoints: server.endpoints, keys: keys ?? key, host: .forAWS(pauses: pauses))
    }

    private func call(_ effect: ServiceCall.Effect) -> ServiceCall {
        .query(.ec2, "StopInstances", version: "2016-11-15", [("InstanceId.1", "i-1")], effect)
    }

    private static let throttled: JSONValue = [
        "status": 400,
        "body": "<ErrorResponse><Error><Code>Throttling</Code><Message>Rate exceeded</Message></Error></ErrorResponse>",
    ]
    private static let broken: JSONValue = ["status": 500, "body": "<Response/>"]
    private static let good: JSONValue = ["body": "<StopInstancesResponse/>"]

    @Test("what was turned away at the door is sent again, with pauses, and no more than three times")
    func throttling() throws {
        let pauses = Pauses()
        let server = try AnswersServer([Self.throttled, Self.throttled, Self.good])
        _ = try client(server, pauses).send(call(.once))
        #expect(try server.requests().count == 3 && pauses.all.count == 2)
        #expect(pauses.all.allSatisfy { (0...20_000).contains($0) })
        let closed = try AnswersServer([Self.throttled])
        let error = #expect(throws: ServiceError.self) { _ = try client(closed).send(call(.once)) }
        #expect(try closed.requests().count == 3)
        #expect(error?.code == "Throttling" && error?.mayHaveBeenApplied == false)
    }

    @Test("a mutation that a service may have begun is never sent again, and its end is unknown")
    func once() throws {
        for answer in [Self.broken, ["cut": true], ["status": 503, "body": "no"]] as [JSONValue] {
            let server = try AnswersServer([answer, Self.good])
            let error = #expect(throws: ServiceError.self) { _ = try client(server).send(call(.once)) }
            #expect(error?.mayHaveBeenApplied == true, "\(answer): \(String(describing: error))")
            #expect(try server.requests().count == 1)
        }
        // A read, and what carries a token against repetition, may.
        for effect in [ServiceCall.Effect.read, .repeatable] {
            let server = try AnswersServer([Self.broken, ["cut": true], Self.good])
            _ = try client(server).send(call(effect))
            #expect(try server.requests().count == 3)
        }
    }

    @Test("a service that nobody reaches was told nothing")
    func unreachable() throws {
        var endpoints = EndpointSettings()
        endpoints.configuredForAll = "http://127.0.0.1:1"
        let client = ServiceClient(region: "eu-central-1", endpoints: endpoints, keys: key, host: .forAWS())
        let error = #expect(throws: ServiceError.self) { _ = try client.send(call(.once)) }
        #expect(error?.mayHaveBeenApplied == false)
    }

    @Test("no is an answer, whatever form it has, and is told with its code and the request's name")
    func refusals() throws {
        let forms: [(JSONValue, ServiceCall.Form, String, String)] = [
            (
                [
                    "status": 400,
                    "body":
                        "<Response><Errors><Error><Code>A.B</Code><Message>m</Message></Error></Errors><RequestID>r1</RequestID></Response>",
                ], .xml, "A.B", "r1"
            ),
            (
                [
                    "status": 403,
                    "body":
                        "<ErrorResponse xmlns='x'><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>m</Message></Error><RequestId>r2</RequestId></ErrorResponse>",
                ], .xml, "AccessDenied", "r2"
            ),
            (
                [
                    "status": 404,
                    "body": "<Error><Code>NoSuchKey</Code><Message>m</Message><RequestId>r3</RequestId></Error>",
                ], .xml, "NoSuchKey", "r3"
            ),
            (
                [
                    "status": 400,
                    "body": "{\"__type\":\"com.amazonaws.ecs#ClusterNotFoundException\",\"message\":\"m\"}",
                    "headers": ["x-amzn-RequestId": "r4"],
                ], .json, "ClusterNotFoundException", "r4"
            ),
            (
                [
                    "status": 404, "body": "{\"Message\":\"m\"}",
                    "headers": ["x-amzn-ErrorType": "ResourceNotFoundException:http://x/", "x-amzn-RequestId": "r5"],
                ], .json, "ResourceNotFoundException", "r5"
            ),
            (["status": 400, "body": "<!DOCTYPE x [<!ENTITY a 'b'>]><Error><Code>&a;</Code></Error>"], .xml, "", ""),
        ]
        for (answer, form, code, id) in forms {
            let server = try AnswersServer([answer])
            let asked = ServiceCall(service: .ecs, operation: "X", form: form, effect: .once)
            let error = #expect(throws: ServiceError.self) { _ = try client(server).send(asked) }
            #expect(error?.code == code && error?.requestID == id && error?.mayHaveBeenApplied == false)
            #expect(try server.requests().count == 1)
            #expect(error?.message.contains("m") == !code.isEmpty || code.isEmpty)
        }
    }

    @Test("a clock that is wrong is corrected once by the service's own")
    func skew() throws {
        let refused: JSONValue = [
            "status": 403, "skew": 7200,
            "body":
                "<ErrorResponse><Error><Code>SignatureDoesNotMatch</Code><Message>old</Message></Error></ErrorResponse>",
        ]
        let server = try AnswersServer([refused, Self.good])
        _ = try client(server).send(call(.once))
        let dates = try server.requests().compactMap { $0.at("headers", "x-amz-date")?.stringValue }
        #expect(dates.count == 2 && dates[0] != dates[1])
        let wrong = try AnswersServer([refused])
        #expect(throws: ServiceError.self) { _ = try client(wrong).send(call(.once)) }
        #expect(try wrong.requests().count == 2)
        // With clocks that agree it is the key that is wrong.
        var agreeing = refused.objectValue ?? [:]
        agreeing["skew"] = 0
        let denied = try AnswersServer([.object(agreeing)])
        #expect(throws: ServiceError.self) { _ = try client(denied).send(call(.once)) }
        #expect(try denied.requests().count == 1)
    }

    private final class Renewing: KeySource {
        var count = 0
        func key() throws(ServiceError) -> AccessKey {
            AccessKey(id: "ASIA\(count)", secret: "s", sessionToken: "t\(count)")
        }
        func renew() -> Bool {
            count += 1
            return true
        }
    }

    @Test("keys that end in mid-flight are renewed once, and the call is sent again")
    func expiry() throws {
        let expired: JSONValue = [
            "status": 403,
            "body": "<ErrorResponse><Error><Code>ExpiredToken</Code><Message>m</Message></Error></ErrorResponse>",
        ]
        let server = try AnswersServer([expired, Self.good])
        _ = try client(server, keys: Renewing()).send(call(.once))
        #expect(
            try server.requests().compactMap { $0.at("headers", "x-amz-security-token")?.stringValue } == ["t0", "t1"])
        let closed = try AnswersServer([expired])
        #expect(throws: ServiceError.self) { _ = try client(closed, keys: Renewing()).send(call(.once)) }
        #expect(try closed.requests().count == 2)
    }

    @Test("nothing is sent once the lease has ended, not even again")
    func lease() throws {
        let server = try AnswersServer([Self.throttled, Self.good])
        var asked = 0
        let error = #expect(throws: ServiceError.self) {
            _ = try client(server).send(call(.once)) {
                asked += 1
                return asked < 2
            }
        }
        #expect(try server.requests().count == 1)
        #expect(error?.mayHaveBeenApplied == false)
    }

    @Test("a redirect to another host is an answer, and is not followed")
    func redirect() throws {
        let server = try AnswersServer([["status": 307, "headers": ["Location": "http://127.0.0.1:1/"]]])
        let error = #expect(throws: ServiceError.self) { _ = try client(server).send(call(.read)) }
        #expect(error?.status == 307)
    }

    @Test("the budget of retries runs dry, and fills again by answers")
    func budget() {
        let budget = RetryBudget(random: { Array(repeating: 0xFF, count: $0) })
        var granted = 0
        while budget.pause(after: 1, .transient) != nil { granted += 1 }
        #expect(granted == 100)
        for _ in 0..<5 { budget.succeed(after: 1) }
        #expect(budget.pause(after: 1, .timedOut) == nil)
        #expect(budget.pause(after: 2, .transient) != nil)
        #expect(budget.pause(after: 3, .transient) == nil)
    }
}
