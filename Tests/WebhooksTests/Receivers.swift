import ChangeModel
import HTTP
import OperatingSystem
import TestSupport
import Webhooks

/// What the suites share: keys, certificates, and a machine whose pauses take no time and are written down.
enum Receivers {
    static let certificates: Result<Certificates, any Error> = Result {
        let certificates = try Certificates()
        try certificates.issue("hooks", names: "DNS:hooks.example")
        return certificates
    }

    /// The secret of the examples of Standard Webhooks, and another one.
    static let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    static let otherSecret = "whsec_" + "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFB"
    static let loopback = IPAddress(bytes: [127, 0, 0, 1])

    static func authorities() throws -> ConnectionSettings.Trust {
        .authorities(try certificates.get().pem("ca.crt"))
    }
}

/// A machine that notes its pauses instead of making them.
final class PatientMachine: Sendable {
    let pauses = Locked<[Int]>([])
    let time = Locked<UInt64>(0)
    let environment: [String: String]

    init(_ environment: [String: String] = [:]) { self.environment = environment }

    var host: Host {
        Host(
            environment: environment, currentDirectory: "/",
            now: { [time] in 1_700_000_000 + Int64(time.withLock { $0 } / 1_000_000_000) },
            random: { count in (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ 11) } },
            sleep: { [pauses, time] pause in
                pauses.withLock { $0.append(pause) }
                time.withLock { $0 += UInt64(pause) * 1_000_000 }
            }, bootTime: { [time] in time.withLock { $0 } })
    }
}

extension WebhookDelivery {
    /// In one line, for comparisons.
    var summary: String {
        switch self {
        case .delivered(let answer): "delivered \(answer.status)"
        case .postponed(let failure): "postponed after \(failure.attempts): \(failure.message)"
        case .refused(let failure): "refused after \(failure.attempts): \(failure.message)"
        }
    }
}
