internal import ChangeModel
internal import CryptoPrimitives

/// Bytes that nobody but their user may see: a token, a password. They lie in memory of their own, which is overwritten when
/// they are dropped or the last reference goes. Printed, dumped or put into a string it is `[redacted]`, and no encoder takes
/// it.
///
/// What a user makes of them, a header or a JSON body, is a copy that this cannot overwrite.
public final class SecretValue: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    private let memory: UnsafeMutableRawBufferPointer
    public private(set) var isDropped = false

    public static let redacted = "[redacted]"
    /// The longest that is taken, in bytes.
    public static let maximumSize = 64 << 10

    /// Takes the bytes over, and overwrites the array that they came in.
    public init(taking bytes: inout [UInt8]) {
        memory = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
        memory.copyBytes(from: bytes)
        SecretBytes.wipe(&bytes)
    }

    public convenience init(_ bytes: [UInt8]) {
        var bytes = bytes
        self.init(taking: &bytes)
    }

    deinit {
        SecretBytes.wipe(memory)
        memory.deallocate()
    }

    /// Overwrites the bytes; from here on there are none.
    public func drop() {
        SecretBytes.wipe(memory)
        isDropped = true
    }

    /// Lends the bytes; none after `drop`.
    public func withBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(isDropped ? UnsafeRawBufferPointer(start: nil, count: 0) : UnsafeRawBufferPointer(memory))
    }

    /// A copy of the bytes as text; nil where they are not UTF-8, and after `drop`.
    public var text: String? {
        isDropped ? nil : withBytes { String(validating: $0, as: UTF8.self) }
    }

    /// What is in the memory, dropped or not.
    var remains: [UInt8] { Array(memory) }

    public var description: String { Self.redacted }
    public var debugDescription: String { Self.redacted }
    public var customMirror: Mirror { Mirror(Self.redacted, children: [] as [Mirror.Child]) }
}
