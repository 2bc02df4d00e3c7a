internal import CCurl

/// What went wrong, in words of our own: libcurl's quote the server and, for proxies, more than may be said.
struct CurlFailure {
    let code: CURLcode
    let exchange: CurlExchange
    let settings: ConnectionSettings
    /// OpenSSL's verdict on the certificate (`X509_V_ERR_…`); 0 when the chain itself is good.
    let verification: Int

    private var server: String { "`\(settings.address.hostField)`" }
    private var name: String { settings.serverName ?? settings.address.host }

    var error: HTTPError {
        let (kind, message) = judgement
        return HTTPError(code: kind, mayHaveBeenApplied: exchange.hasBegun, message: message)
    }

    private var judgement: (HTTPError.Code, String) {
        if exchange.isHeadTooLarge {
            return (.tooLarge, "the answer of \(server) has a head of more than \(settings.maximumHead) bytes")
        }
        if exchange.isBodyTooLarge {
            return (.tooLarge, "the answer of \(server) is larger than \(settings.maximumBody) bytes")
        }
        if exchange.isPeerRefused {
            return (.untrusted, "the connection to \(server) leads to another address than the one that was meant")
        }
        if exchange.wasRepeated { return (.interrupted, "the connection to \(server) broke before an answer came") }
        switch code {
        case CURLE_COULDNT_RESOLVE_HOST:
            return (.cannotConnect, "cannot find the host \(server); check the server's address")
        case CURLE_COULDNT_RESOLVE_PROXY:
            return (.cannotConnect, "cannot find the proxy \(proxy); check its address")
        case CURLE_COULDNT_CONNECT:
            return (
                .cannotConnect,
                "cannot connect to \(settings.proxy == nil ? server : "the proxy \(proxy)"); is it there, and is the port right?"
            )
        case CURLE_PROXY: return (.cannotConnect, "the proxy \(proxy) does not connect to \(server)")
        case CURLE_OPERATION_TIMEDOUT:
            return exchange.hasBegun
                ? (.timedOut, "\(server) did not answer in time")
                : (.timedOut, "no connection to \(server) came about in time")
        case CURLE_PEER_FAILED_VERIFICATION: return (.untrusted, mistrust)
        case CURLE_SSL_CONNECT_ERROR:
            return (
                .cannotConnect,
                "the TLS handshake with \(server) failed; it must speak TLS 1.2 or newer, and take the client certificate"
            )
        case CURLE_SSL_CERTPROBLEM, CURLE_SSL_ENGINE_NOTFOUND:
            return (
                .cannotConnect,
                "the client certificate and its key are no pair in PEM without a passphrase; check both"
            )
        case CURLE_SSL_CLIENTCERT:
            return (.cannotConnect, "\(server) demands a client certificate that it knows; check the credentials")
        case CURLE_SSL_CACERT_BADFILE:
            return (.untrusted, "the certificate authorities for \(server) are no certificates in PEM")
        case CURLE_ABORTED_BY_CALLBACK: return (.cancelled, "the request to \(server) was cancelled")
        case CURLE_BAD_CONTENT_ENCODING, CURLE_WEIRD_SERVER_REPLY, CURLE_UNSUPPORTED_PROTOCOL:
            return (.malformed, "the answer of \(server) is no HTTP that can be read")
        case CURLE_PARTIAL_FILE: return (.interrupted, "the answer of \(server) ended too early")
        case CURLE_OUT_OF_MEMORY: return (.tooLarge, "there is no memory left for the exchange with \(server)")
        default:
            return exchange.hasBegun
                ? (.interrupted, "the connection to \(server) broke before the answer was whole")
                // A proxy that refuses ends here, too.
                : (
                    .cannotConnect,
                    settings.proxy == nil
                        ? "no connection to \(server) came about" : "the proxy \(proxy) does not connect to \(server)"
                )
        }
    }

    private var proxy: String { "`\(settings.proxy?.description ?? "")`" }

    private var mistrust: String {
        switch verification {
        // libcurl compares names itself, and leaves 1 or 0 here.
        case 0, 1, 62, 64:
            "the certificate of \(server) is not for `\(name)`; check the address, or name the server in `tls-server-name`"
        case 9: "the certificate of \(server) is not valid yet; check both clocks"
        case 10: "the certificate of \(server) has expired; renew it, or check this machine's clock"
        case 18, 19, 20, 21:
            "the certificate of \(server) comes from no authority that is trusted here; name the cluster's own in "
                + "`certificate-authority`"
        case 23: "the certificate of \(server) is revoked"
        default: "the certificate of \(server) is not valid (OpenSSL's error \(verification))"
        }
    }
}
