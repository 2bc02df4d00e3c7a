import HTTP
import Testing

@Suite("Addresses of servers")
struct ServerAddressTests {
    @Test(
        "are absolute and name nobody",
        arguments: [
            ("https://a.example", "https://a.example"), ("HTTPS://a.example:443/", "https://a.example"),
            ("https://10.0.0.1:6443", "https://10.0.0.1:6443"), ("https://[fd00::1]:6443", "https://[fd00::1]:6443"),
            ("https://a.example/k8s/clusters/c-1/", "https://a.example/k8s/clusters/c-1"),
            ("http://localhost:8080", "http://localhost:8080"),
            ("a.example:6443", nil), ("https:///x", nil), ("https://u:p@a.example", nil), ("https://a.example?x", nil),
            ("https://a.example/x#y", nil), ("https://a.example:", nil), ("https://a.example:0x50", nil),
            ("https://a.example:65536", nil), ("https://a b", nil), ("https://-x.example", nil), ("https://[::1", nil),
            ("https://[a.example]", nil), ("https://a.example/x\r\nY: z", nil), ("ftp://a.example", nil), ("", nil),
            ("https://a.example/\u{e9}", nil), ("https://evil.example\\@a.example", nil),
        ])
    func parsing(text: String, expected: String?) {
        #expect(ServerAddress(text)?.description == expected)
    }
}
