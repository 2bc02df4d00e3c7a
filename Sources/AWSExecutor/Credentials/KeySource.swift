/// Whatever keeps a key that is good now.
protocol KeySource: AnyObject {
    /// - Throws: `ServiceError` when there is none to be had.
    func key() throws(ServiceError) -> AccessKey

    /// Forgets the key that a service did not take any more.
    ///
    /// - Returns: whether asking again could bring another one.
    func renew() -> Bool
}

/// A key that stays as it is.
final class FixedKey: KeySource {
    private let fixed: AccessKey

    init(_ key: AccessKey) { fixed = key }

    func key() throws(ServiceError) -> AccessKey { fixed }
    func renew() -> Bool { false }
}
