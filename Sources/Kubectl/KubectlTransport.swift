public import HTTP
public import OperatingSystem

/// The way to an API server through `kubectl proxy`: kubectl's own connection and credentials, whatever they are, and requests as
/// everywhere else. The proxy listens on a socket in a folder that only this user can enter, and ends with this process.
public final class KubectlTransport: HTTPStreamingTransport {
    private let program: KubectlProgram
    private let host: Host
    private var proxy: (process: RunningProgram, folder: String, transport: CurlTransport)?

    /// Seconds until the proxy must listen.
    private static let openingTime = 30
    /// Bytes of a socket's path (unix(7)), with its ending NUL.
    private static let maximumPath = 104

    public init(program: KubectlProgram, host: Host) {
        self.program = program
        self.host = host
    }

    deinit { close() }

    public func send(_ request: HTTPRequest) throws(HTTPError) -> HTTPResponse { try transport().send(request) }

    public func stream(
        _ request: HTTPRequest, idleTimeout: Int, receive: @escaping (ArraySlice<UInt8>) -> StreamStep
    ) throws(HTTPError) -> HTTPResponse {
        try transport().stream(request, idleTimeout: idleTimeout, receive: receive)
    }

    private func transport() throws(HTTPError) -> CurlTransport {
        if let proxy, proxy.process.isRunning { return proxy.transport }
        close()
        return try open()
    }

    private func close() {
        guard let proxy else { return }
        self.proxy = nil
        proxy.process.stop()
        try? Files.removeTree(proxy.folder)
    }

    private func open() throws(HTTPError) -> CurlTransport {
        func failure(_ what: String) -> HTTPError {
            HTTPError(
                code: .cannotConnect, mayHaveBeenApplied: false,
                message: "`kubectl proxy` \(what); try `kubectl get --raw /version`; nothing was sent")
        }
        guard let address = ServerAddress("http://localhost") else { throw failure("has no address") }
        let (folder, process): (String, RunningProgram)
        do throws(SystemError) {
            folder = try Files.temporaryDirectory(in: place, prefix: "agentsafe-")
            process = try RunningProgram(
                program.command(["proxy", "--unix-socket=\(folder)/api"]), environment: program.environment)
        } catch {
            throw failure("cannot be started: \(error)")
        }
        // `Starting to serve on /…/api`; what else it says may quote the kubeconfig, and is not repeated.
        while let line = process.nextLine(within: Self.openingTime) {
            guard line.hasPrefix("Starting to serve on ") else { continue }
            var settings = ConnectionSettings(address: address)
            settings.unixSocket = "\(folder)/api"
            let transport = CurlTransport(settings)
            proxy = (process, folder, transport)
            return transport
        }
        let status = process.stop()
        try? Files.removeTree(folder)
        throw failure("does not start (it ended with \(status))")
    }

    /// The user's own folder for such things, where its name is short enough for a socket.
    private var place: String {
        for name in ["XDG_RUNTIME_DIR", "TMPDIR"] {
            guard let folder = host.environment[name], folder.hasPrefix("/"),
                folder.utf8.count + 30 < Self.maximumPath, Files.kind(folder, followingLinks: true) == .directory
            else { continue }
            return folder
        }
        return "/tmp"
    }
}
