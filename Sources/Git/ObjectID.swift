/// A SHA-1 object name.
public struct ObjectID: Hashable, Comparable, Sendable, CustomStringConvertible {
    // Inline, since names are copied, compared and hashed more than anything else: an array would be counted each time.
    private let high: UInt64
    private let middle: UInt64
    private let low: UInt32

    static let size = 20

    /// Takes the first 20 bytes.
    init(_ bytes: UnsafeRawBufferPointer) {
        high = UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self))
        middle = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
        low = UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: 16, as: UInt32.self))
    }

    /// - Parameter bytes: 20 of them; missing ones count as zero.
    init(bytes: some Collection<UInt8>) {
        var padded = Array(bytes.prefix(Self.size))
        padded.append(contentsOf: repeatElement(0, count: Self.size - padded.count))
        self = padded.withUnsafeBytes { ObjectID($0) }
    }

    /// Reads 40 lower-case hexadecimal digits; nil for anything else.
    public init?(_ text: Substring) { self.init(String(text)) }

    public init?(_ text: String) {
        var text = text
        guard let id = text.withUTF8({ ObjectID(digits: $0) }) else { return nil }
        self = id
    }

    init?(digits: UnsafeBufferPointer<UInt8>) {
        guard digits.count == 2 * Self.size else { return nil }
        var words: (UInt64, UInt64, UInt64) = (0, 0, 0)
        for (index, digit) in digits.enumerated() {
            guard let value = Self.value(digit) else { return nil }
            switch index {
            case ..<16: words.0 = words.0 << 4 | UInt64(value)
            case ..<32: words.1 = words.1 << 4 | UInt64(value)
            default: words.2 = words.2 << 4 | UInt64(value)
            }
        }
        high = words.0
        middle = words.1
        low = UInt32(truncatingIfNeeded: words.2)
    }

    private static func value(_ digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        default: nil
        }
    }

    /// 20 bytes.
    public var bytes: [UInt8] { withBytes { Array($0) } }

    func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        var words = (high.bigEndian, middle.bigEndian, low.bigEndian)
        return withUnsafeBytes(of: &words) { body(UnsafeRawBufferPointer(rebasing: $0[..<Self.size])) }
    }

    public var description: String {
        String(unsafeUninitializedCapacity: 2 * Self.size) { text in
            withBytes { bytes in
                for (index, byte) in bytes.enumerated() {
                    text[2 * index] = Self.digit(byte >> 4)
                    text[2 * index + 1] = Self.digit(byte & 15)
                }
            }
            return 2 * Self.size
        }
    }

    private static func digit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
    }

    /// The first twelve digits, for people.
    public var short: String { String(description.prefix(12)) }

    public static let zero = ObjectID(bytes: [])

    /// By their bytes, as git sorts them.
    public static func < (one: ObjectID, other: ObjectID) -> Bool {
        (one.high, one.middle, one.low) < (other.high, other.middle, other.low)
    }
}
