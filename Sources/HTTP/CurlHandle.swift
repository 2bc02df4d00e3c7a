internal import CCurl

/// One easy handle of libcurl, with the connections that it keeps.
final class CurlHandle {
    let pointer: UnsafeMutableRawPointer

    /// - Returns: nil when libcurl is out of memory.
    init?() {
        guard Self.isReady, let pointer = curl_easy_init() else { return nil }
        self.pointer = pointer
    }

    deinit { curl_easy_cleanup(pointer) }

    /// Once for the process. libcurl is thread-safe from there on, one handle in one thread at a time.
    private static let isReady = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK
}

/// Sets options one after another and remembers the first that libcurl refuses: an option that is silently missing could
/// be the one that names whom to trust.
struct CurlOptions {
    let handle: CurlHandle
    private(set) var refused: (option: String, code: CURLcode)?

    init(_ handle: CurlHandle) {
        self.handle = handle
        curl_easy_reset(handle.pointer)
    }

    mutating func set(_ option: CURLoption, _ value: Int) {
        note(agentsafe_curl_set_long(handle.pointer, option, value), option)
    }

    mutating func set(_ option: CURLoption, _ text: String?) {
        note(agentsafe_curl_set_text(handle.pointer, option, text), option)
    }

    mutating func set(_ option: CURLoption, bytes: [UInt8]) {
        note(agentsafe_curl_set_blob(handle.pointer, option, bytes, bytes.count), option)
    }

    mutating func set(_ option: CURLoption, list: CurlList) {
        note(agentsafe_curl_set_list(handle.pointer, option, list.pointer), option)
    }

    mutating func note(_ code: CURLcode, _ option: CURLoption) {
        if code != CURLE_OK, refused == nil { refused = (String(option.rawValue), code) }
    }
}

/// A list of lines for libcurl, which must outlive the transfer.
final class CurlList {
    private(set) var pointer: UnsafeMutablePointer<curl_slist>?

    /// - Returns: nil when libcurl is out of memory.
    init?(_ lines: [String]) {
        for line in lines {
            guard let longer = curl_slist_append(pointer, line) else { return nil }
            pointer = longer
        }
    }

    deinit { curl_slist_free_all(pointer) }
}
