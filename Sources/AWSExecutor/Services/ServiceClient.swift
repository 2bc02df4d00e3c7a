internal import ChangeModel
internal import CryptoPrimitives
internal import HTTP
internal import OperatingSystem

/// Speaks with the services of one region.
final class ServiceClient {
    typealias Connect = (ServerAddress) throws(ServiceError) -> any HTTPTransport

    let region: String
    private let endpoints: EndpointSettings
    private let keys: any KeySource
    private let host: Host
    private let connect: Connect?
    private let maximumBody: Int?
    private let budget: RetryBudget
    private var connections: [ServerAddress: any HTTPTransport] = [:]
    /// Seconds that the services' clock is ahead of ours.
    private var skew: Int64 = 0
    /// Beyond this difference a signature is refused for its time and not for its key.
    private static let toleratedSkew: Int64 = 240

    /// - Parameters:
    ///   - connect: nil for libcurl.
    ///   - maximumBody: bytes of an answer; nil for the connection's own bound.
    init(
        region: String, endpoints: EndpointSettings, keys: any KeySource, host: Host, connect: Connect? = nil,
        maximumBody: Int? = nil
    ) {
        self.maximumBody = maximumBody
        self.region = region
        self.endpoints = endpoints
        self.keys = keys
        self.host = host
        self.connect = connect
        budget = RetryBudget(random: host.random)
    }

    /// Sends a call until it is answered, or may not be sent again.
    ///
    /// - Parameter mayMutate: asked right before each sending.
    /// - Throws: `ServiceError`; its `mayHaveBeenApplied` is false only where the service said no, or nothing was sent.
    func send(_ call: ServiceCall, mayMutate: () -> Bool = { true }) throws(ServiceError) -> HTTPResponse {
        var attempt = 0
        var (hasRenewed, hasSetClock) = (false, false)
        while true {
            guard mayMutate() else { throw ServiceError(message: "\(name(call)) was not sent: the lease ended") }
            attempt += 1
            let cause: RetryBudget.Cause
            let failure: ServiceError
            switch try exchange(call) {
            case .success(let response) where (200..<300).contains(response.status):
                budget.succeed(after: attempt)
                return response
            case .success(let response):
                let fault = ServiceFault(response, form: call.form)
                failure = error(fault, response, call)
                // In both cases nobody looked at the request: it was not clear who asked.
                if RetryBudget.expired.contains(fault.code), !hasRenewed, keys.renew() {
                    hasRenewed = true
                    attempt -= 1
                    continue
                }
                if RetryBudget.skewed.contains(fault.code), !hasSetClock, setClock(by: response) {
                    hasSetClock = true
                    attempt -= 1
                    continue
                }
                guard let found = self.cause(of: fault, response, call) else { throw failure }
                cause = found
            case .failure(let error):
                failure = ServiceError(
                    mayHaveBeenApplied: error.mayHaveBeenApplied && call.effect != .read,
                    message: "\(name(call)): \(error.message.forMessage(limit: 200))")
                guard [.cannotConnect, .timedOut, .interrupted].contains(error.code),
                    call.effect != .once || !error.mayHaveBeenApplied
                else { throw failure }
                cause = error.code == .timedOut ? .timedOut : .transient
            }
            guard let pause = budget.pause(after: attempt, cause) else { throw failure }
            host.sleep(pause)
        }
    }

    /// Waits before a call that somebody else's came across is made again.
    func pause(_ attempt: Int) { host.sleep(200 << attempt) }

    /// Why a call may be sent again after an answer; nil when it may not.
    private func cause(of fault: ServiceFault, _ response: HTTPResponse, _ call: ServiceCall) -> RetryBudget.Cause? {
        // Who was turned away at the door has changed nothing.
        if response.status == 429 || RetryBudget.throttling.contains(fault.code) { return .throttled }
        guard call.effect != .once else { return nil }
        let isPassing =
            [500, 502, 503, 504].contains(response.status) || RetryBudget.transient.contains(fault.code)
        return isPassing ? .transient : nil
    }

    private func error(_ fault: ServiceFault, _ response: HTTPResponse, _ call: ServiceCall) -> ServiceError {
        let isThrottled = response.status == 429 || RetryBudget.throttling.contains(fault.code)
        var message = "\(name(call)): "
        message += fault.code.isEmpty ? "HTTP status \(response.status)" : fault.code
        if !fault.message.isEmpty, !call.hidesMessages { message += ": \(fault.message)" }
        if !fault.requestID.isEmpty { message += " (request \(fault.requestID))" }
        return ServiceError(
            code: fault.code, status: response.status, requestID: fault.requestID,
            mayHaveBeenApplied: response.status >= 500 && !isThrottled && call.effect != .read, message: message)
    }

    private func name(_ call: ServiceCall) -> String { "\(call.service.rawValue):\(call.operation)" }

    // MARK: - One exchange

    private func exchange(_ call: ServiceCall) throws(ServiceError) -> Result<HTTPResponse, HTTPError> {
        let endpoint: Endpoint
        do throws(AWSAccessError) {
            endpoint = try endpoints.endpoint(of: call.service, in: region)
        } catch {
            throw ServiceError(message: error.message)
        }
        // A certificate for `*.s3…` holds no name with a dot in it.
        let isInPath = endpoint.isConfigured || call.bucket?.utf8.contains(UInt8(ascii: ".")) == true
        var address = endpoint.address
        if let bucket = call.bucket, !isInPath {
            guard let named = ServerAddress("https://\(bucket).\(address.host)") else {
                throw ServiceError(message: "no host can be named for this bucket; nothing was sent")
            }
            address = named
        }
        guard let target = call.target(isInPath: isInPath) else {
            throw ServiceError(message: "\(name(call)): no request can name this; nothing was sent")
        }
        var request = HTTPRequest(
            method: call.method, target: target, headers: call.headers + [(name: "User-Agent", value: "agentsafe")],
            body: call.body, timeout: call.timeout)
        if call.isSigned {
            let signer = RequestSigner(region: endpoint.signingRegion, service: call.service.rawValue)
            let key = try keys.key()
            // The address's own path is part of what is signed.
            var whole = request
            whole.target = address.path + target
            do throws(CryptoError) {
                try signer.sign(
                    &whole, host: address.hostField, with: key, at: Timestamp(seconds: host.now() + skew))
            } catch {
                throw ServiceError(message: "\(name(call)): \(error.description); nothing was sent")
            }
            request.headers = whole.headers
        }
        let connection = try connection(to: address)
        do throws(HTTPError) {
            return .success(try connection.send(request))
        } catch {
            return .failure(error)
        }
    }

    private func connection(to address: ServerAddress) throws(ServiceError) -> any HTTPTransport {
        if let known = connections[address] { return known }
        let new: any HTTPTransport
        if let connect { new = try connect(address) } else { new = try curl(address) }
        connections[address] = new
        return new
    }

    private func curl(_ address: ServerAddress) throws(ServiceError) -> any HTTPTransport {
        do throws(InvalidProxy) {
            let proxy = try ProxyAddress.of(environment: host.environment, for: address)
            var settings = ConnectionSettings(address: address, proxy: proxy)
            if let maximumBody { settings.maximumBody = maximumBody }
            return CurlTransport(settings)
        } catch {
            throw ServiceError(message: "`\(error.variable)` holds no address of a proxy; correct or unset it")
        }
    }

    /// Takes the service's clock from its `Date`, where ours is so far off that its signatures are refused.
    ///
    /// - Returns: whether another signature would differ.
    private func setClock(by response: HTTPResponse) -> Bool {
        guard let theirs = response.header("Date").flatMap({ HTTPDate.parse($0) }) else { return false }
        let new = theirs.seconds - host.now()
        guard abs(new - skew) > Self.toleratedSkew else { return false }
        skew = new
        return true
    }
}
