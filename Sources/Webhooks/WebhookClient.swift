internal import CryptoPrimitives
public import HTTP
public import OperatingSystem

/// Sends messages to one receiver: POST, signed by Standard Webhooks 1.0.0 where there are secrets, sent again with the same id
/// after what may pass, never to another place than the one that was judged.
///
/// At least once: a receiver may see an id twice.
public final class WebhookClient {
    private let address: WebhookAddress
    private let secrets: [WebhookSecret]
    private let guardian: AddressGuard
    private let host: Host
    private let policy: DeliveryPolicy
    private let trust: ConnectionSettings.Trust
    private let connect: (ConnectionSettings) -> any HTTPStreamingTransport
    /// The last connection, kept for the next message while the name leads there.
    private var open: (place: ServerAddress, transport: any HTTPStreamingTransport)?

    /// Bytes of an answer that are read.
    public static let maximumAnswer = 64 << 10
    /// How many addresses of a host one attempt tries.
    private static let maximumPlaces = 4

    /// - Parameters:
    ///   - secrets: the newest first; none: the message goes unsigned, as Slack takes it.
    ///   - host: gives time, pauses, jitter, and the proxy (`HTTPS_PROXY`, `NO_PROXY`).
    public init(
        _ address: WebhookAddress, secrets: [WebhookSecret], guardian: AddressGuard, host: Host,
        policy: DeliveryPolicy = DeliveryPolicy(), trust: ConnectionSettings.Trust = .system,
        connect: @escaping (ConnectionSettings) -> any HTTPStreamingTransport = { CurlTransport($0) }
    ) {
        self.address = address
        self.secrets = secrets
        self.guardian = guardian
        self.host = host
        self.policy = policy
        self.trust = trust
        self.connect = connect
    }

    /// - Parameter headers: beside the three of Standard Webhooks and the type.
    public func send(
        _ id: WebhookID, body: [UInt8], contentType: String = "application/json",
        headers: [(name: String, value: String)] = []
    ) -> WebhookDelivery {
        let begin = host.bootTime()
        var attempt = 1
        while true {
            let left = Int64(policy.total) - Int64((host.bootTime() &- begin) / 1_000_000_000)
            let outcome: Attempt
            do throws(CryptoError) {
                outcome = try self.attempt(
                    id, body, contentType, headers, timeout: Int(max(1, min(Int64(policy.timeout), left))))
            } catch {
                outcome = .ended("it cannot be signed")
            }
            switch outcome {
            case .answered(let answer): return .delivered(answer)
            case .ended(let message, let status):
                return .refused(
                    WebhookFailure(message: message, status: status, attempts: attempt, mayHaveArrived: false))
            case .failed(var failure, let isWorthwhile):
                failure.attempts = attempt
                let pause =
                    failure.retryAfter.map { $0 * 1000 + policy.pause(after: 1, random: host.random) / 4 }
                    ?? policy.pause(after: attempt, random: host.random)
                let spent = Int64((host.bootTime() &- begin) / 1_000_000) + Int64(pause)
                guard isWorthwhile, attempt < policy.attempts, (failure.retryAfter ?? 0) <= policy.longestRetryAfter,
                    spent < Int64(policy.total) * 1000
                else { return .postponed(failure) }
                host.sleep(pause)
                attempt += 1
            }
        }
    }

    private enum Attempt {
        case answered(WebhookAnswer)
        case ended(String, status: Int? = nil)
        /// `isWorthwhile`: another attempt may go better at once.
        case failed(WebhookFailure, isWorthwhile: Bool)

        static func failed(_ message: String, mayHaveArrived: Bool = false, isWorthwhile: Bool = true) -> Attempt {
            .failed(
                WebhookFailure(message: message, attempts: 0, mayHaveArrived: mayHaveArrived),
                isWorthwhile: isWorthwhile)
        }
    }

    private func attempt(
        _ id: WebhookID, _ body: [UInt8], _ contentType: String, _ headers: [(name: String, value: String)],
        timeout: Int
    ) throws(CryptoError) -> Attempt {
        let proxy: ProxyAddress?
        do throws(InvalidProxy) {
            proxy = try ProxyAddress.of(environment: host.environment, for: address.server)
        } catch {
            return .ended("the environment variable `\(error.variable)` holds no address of a proxy")
        }
        let places: [ServerAddress]
        switch guardian.judge(address, isProxied: proxy != nil) {
        case .refused(let why): return .ended(why)
        case .unknown:
            return .failed(
                proxy == nil
                    ? "its host cannot be found"
                    : "its host cannot be found here; name it in AGENTSAFE_LOCAL_HOSTS, and the proxy looks for it")
        case .byName: places = [address.server]
        case .addresses(let found): places = found.prefix(Self.maximumPlaces).compactMap(place)
        }
        let timestamp = host.now()
        var lines: [(name: String, value: String)] = [
            ("Host", address.server.hostField), ("User-Agent", "agentsafe"), ("Content-Type", contentType),
            ("webhook-id", id.text), ("webhook-timestamp", "\(timestamp)"),
        ]
        if !secrets.isEmpty {
            var signatures: [String] = []
            for secret in secrets { signatures.append(try secret.signature(id: id, timestamp: timestamp, body: body)) }
            lines.append(("webhook-signature", signatures.joined(separator: " ")))
        }
        let request = HTTPRequest(
            method: "POST", target: address.target, headers: lines + headers, body: body, timeout: timeout)
        var outcome = Attempt.failed("its host has no address")
        for place in places {
            do throws(HTTPError) {
                return judge(try exchange(request, at: place, proxy))
            } catch {
                open = nil
                outcome = Self.judge(error)
                // Only where no connection came about is the next address another chance.
                guard error.code == .cannotConnect, !error.mayHaveBeenApplied else { return outcome }
            }
        }
        return outcome
    }

    private func place(_ address: IPAddress) -> ServerAddress? {
        let host = address.isIPv4 ? address.description : "[\(address)]"
        return ServerAddress("\(self.address.server.isPlain ? "http" : "https")://\(host):\(self.address.server.port)")
    }

    private func exchange(
        _ request: HTTPRequest, at place: ServerAddress, _ proxy: ProxyAddress?
    ) throws(HTTPError) -> WebhookAnswer {
        let transport: any HTTPStreamingTransport
        if let open, open.place == place {
            transport = open.transport
        } else {
            transport = connect(settings(place, proxy))
            open = (place, transport)
        }
        var body: [UInt8] = []
        let answer = try transport.stream(request, idleTimeout: request.timeout) { piece in
            body += piece.prefix(Self.maximumAnswer - body.count)
            // That it was taken is known from the head.
            return body.count < Self.maximumAnswer ? .goOn : .stop
        }
        retryAfter = answer.header("Retry-After")
        return WebhookAnswer(status: answer.status, body: body)
    }

    /// The last answer's.
    private var retryAfter: String?

    private func settings(_ place: ServerAddress, _ proxy: ProxyAddress?) -> ConnectionSettings {
        var settings = ConnectionSettings(address: place, trust: trust, proxy: proxy)
        // The name is for the certificate; where to connect is decided.
        if place != address.server { settings.serverName = address.server.host }
        settings.acceptsCompression = false
        settings.maximumBody = Self.maximumAnswer
        settings.connectTimeout = max(1, policy.timeout)
        if proxy == nil, let meant = IPAddress(place.host) { settings.acceptsPeer = { IPAddress($0) == meant } }
        return settings
    }

    private func judge(_ answer: WebhookAnswer) -> Attempt {
        switch answer.status {
        case 200...299: return .answered(answer)
        case 300...399:
            return .ended(
                "the receiver answered \(answer.status), and redirects are not followed; correct its URL",
                status: answer.status)
        case 408, 429, 500...599:
            // A date (RFC 9110, section 10.2.3) is left to the usual pauses.
            let seconds = retryAfter.flatMap { Int($0) }.flatMap { $0 >= 0 ? min($0, 1 << 20) : nil }
            return .failed(
                WebhookFailure(
                    message: "the receiver answered \(answer.status)", status: answer.status, retryAfter: seconds,
                    attempts: 0, mayHaveArrived: answer.status != 429), isWorthwhile: true)
        case 410:
            return .ended(
                "the receiver answered 410: it wants no more; take it out of the list", status: answer.status)
        default:
            return .ended("the receiver answered \(answer.status); check its URL and its secret", status: answer.status)
        }
    }

    /// In words of our own: those of the connection name host and port.
    private static func judge(_ error: HTTPError) -> Attempt {
        let arrived = error.mayHaveBeenApplied
        return switch error.code {
        case .cannotConnect: .failed("no connection to its host came about", mayHaveArrived: arrived)
        case .timedOut: .failed("the receiver did not answer in time", mayHaveArrived: arrived)
        case .interrupted: .failed("the connection broke before an answer came", mayHaveArrived: arrived)
        case .untrusted:
            .failed(
                "its host does not prove to be the one that was meant: certificate or address is another's",
                mayHaveArrived: arrived, isWorthwhile: false)
        case .tooLarge, .malformed:
            .failed("the receiver's answer cannot be read", mayHaveArrived: arrived, isWorthwhile: false)
        case .cancelled: .failed("it was cancelled", mayHaveArrived: arrived, isWorthwhile: false)
        }
    }
}
