import ChangeModel
import CryptoPrimitives
import HTTP
import OperatingSystem
import TestSupport
import Testing

@testable import AWSExecutor

@Suite("Objects in a bucket")
struct ObjectStorageTests {
    private func storage(_ server: AnswersServer, maximumBody: Int? = nil) -> ObjectStorage {
        ObjectStorage(
            bucket: "evidence",
            client: ServiceClient(
                region: "eu-central-1", endpoints: server.endpoints,
                keys: FixedKey(AccessKey(id: "AKIAX", secret: "s")),
                host: .forAWS(), maximumBody: maximumBody))
    }

    private func page(_ keys: [String], next: String? = nil) -> JSONValue {
        let contents = keys.map { "<Contents><Key>\($0)</Key><Size>7</Size></Contents>" }.joined()
        let more = next.map { "<IsTruncated>true</IsTruncated><NextContinuationToken>\($0)</NextContinuationToken>" }
        return [
            "body": .string(
                "<ListBucketResult>\(contents)\(more ?? "<IsTruncated>false</IsTruncated>")</ListBucketResult>")
        ]
    }

    private func failure(_ status: Int64, _ code: String) -> JSONValue {
        ["status": .integer(status), "body": .string("<Error><Code>\(code)</Code><Message>m</Message></Error>")]
    }

    private func list(_ server: AnswersServer) throws -> [String] {
        var keys: [String] = []
        try storage(server).list(prefix: "a b/") { keys += $0.map(\.key) }
        return keys
    }

    @Test("a list is read page by page, with keys as they are")
    func pages() throws {
        let server = try AnswersServer([
            page(["a+b/1", "a%20b/%C3%A4"], next: "t/+="), page(["a%2Bb"], next: "u"),
            page(["a%zzb", "a%2", "%FF", "z"]),
        ])
        #expect(try list(server) == ["a b/1", "a b/ä", "a+b", "z"])
        let targets = try server.requests().compactMap { $0["target"]?.stringValue }
        #expect(targets[0] == "/evidence?delimiter=%2F&encoding-type=url&list-type=2&prefix=a%20b%2F")
        #expect(targets[1].contains("continuation-token=t%2F%2B%3D&"))
    }

    @Test("a list that turns in a circle, goes on nowhere, or is no XML ends in an error")
    func badLists() throws {
        for answers in [
            [page(["1"], next: "t"), page(["2"], next: "t")], [page(["1"], next: "")],
            [["body": "<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>"]],
            [["body": "<!DOCTYPE x [<!ENTITY a 'b'>]><ListBucketResult/>"]], [["body": "nothing"]],
            [failure(403, "AccessDenied")],
        ] as [[JSONValue]] {
            let server = try AnswersServer(answers)
            #expect(throws: ServiceError.self, "\(answers)") { _ = try list(server) }
        }
    }

    @Test("an object is added where none is, with its digest and its lock; sent twice it is one")
    func adding() throws {
        // What looked like a failure had been stored.
        let server = try AnswersServer([failure(500, "InternalError"), failure(412, "PreconditionFailed")])
        let retention = ObjectStorage.Retention(
            mode: .compliance, until: try #require(Timestamp("2033-11-20T00:00:00Z")))
        #expect(try !storage(server).add("x/1", Array("bytes".utf8), retention: retention))
        for request in try server.requests() {
            #expect(request["method"] == "PUT" && request["target"] == "/evidence/x/1")
            let headers = try #require(request["headers"])
            #expect(headers["if-none-match"] == "*")
            #expect(headers["x-amz-checksum-sha256"]?.stringValue == Base64.encode(SHA256.hash(Array("bytes".utf8))))
            #expect(headers["x-amz-object-lock-mode"] == "COMPLIANCE")
            #expect(headers["x-amz-object-lock-retain-until-date"] == "2033-11-20T00:00:00Z")
            let signed = headers["authorization"]?.stringValue ?? ""
            #expect(signed.contains("if-none-match;") && signed.contains("x-amz-object-lock-mode;"))
        }
        // Another writer at the same moment.
        let contested = try AnswersServer([failure(409, "ConditionalRequestConflict"), ["body": ""]])
        #expect(try storage(contested).add("1", [1]))
        #expect(try contested.requests().count == 2)
        let hopeless = try AnswersServer([failure(409, "ConditionalRequestConflict")])
        #expect(throws: ServiceError.self) { _ = try storage(hopeless).add("1", [1]) }
        let denied = try AnswersServer([failure(403, "AccessDenied")])
        #expect(throws: ServiceError.self) { _ = try storage(denied).add("1", [1]) }
    }

    @Test(
        "an object that is not there is none; a bucket that is not there, or an object that is too large, is an error")
    func reading() throws {
        let server = try AnswersServer([failure(404, "NoSuchKey"), ["body": "abc"]])
        #expect(try storage(server).read("1") == nil)
        #expect(try storage(server).read("1") == Array("abc".utf8))
        let bucketless = try AnswersServer([failure(404, "NoSuchBucket")])
        #expect(throws: ServiceError.self) { _ = try storage(bucketless).read("1") }
        let large = try AnswersServer([["body": .string(String(repeating: "x", count: 5000))]])
        #expect(throws: ServiceError.self) { _ = try storage(large, maximumBody: 4000).read("1") }
        #expect(try large.requests().count == 1)
    }
}
