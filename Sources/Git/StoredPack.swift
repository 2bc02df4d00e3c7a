internal import CryptoPrimitives

/// A pack (gitformat-pack(5)) in the one form that this program writes: every object once, sorted by name, whole, and stored
/// without compression, as zlib allows (RFC 1950; RFC 1951, section 3.2.4). Stock git reads it like any other.
///
/// So the bytes are a function of the objects, whoever writes them and by whichever version of whatever library; and a packed
/// byte never stands for more than one. What is packed here are mostly trees, which are made of names that no compression
/// makes shorter.
public struct StoredPack: Sendable {
    public let bytes: [UInt8]
    /// Sorted by name.
    public let objects: [Entry]

    public struct Entry: Sendable {
        public let id: ObjectID
        /// Where the object stands in `bytes`, its header included.
        let range: Range<Int>
    }

    static let headSize = 12
    /// Bytes in one stored block of deflate.
    private static let block = 65_535

    /// Reads what is exactly such a pack.
    ///
    /// - Throws: `GitError` of code `malformed` for everything else.
    public init(parsing bytes: [UInt8]) throws(GitError) {
        func malformed(_ why: String) -> GitError { GitError(.malformed, why) }
        let hasher = SHA1()
        guard bytes.count >= Self.headSize + ObjectID.size else { throw malformed("the pack is cut off") }
        let end = bytes.count - ObjectID.size
        guard hasher.hash([], Array(bytes[..<end]), { bytes[end...].elementsEqual($0) }) == true else {
            throw malformed("the pack's checksum is another")
        }
        let count = bytes[8..<12].reduce(0) { $0 << 8 | Int($1) }
        guard bytes.starts(with: Self.head(count: count)) else { throw malformed("it is no pack of version 2") }
        var objects: [Entry] = []
        var position = Self.headSize
        while position < end {
            let object = try Self.read(bytes, at: position, before: end)
            guard let id = Self.name(object.kind, object.content, hasher) else {
                throw malformed("OpenSSL has no SHA-1, which git names objects by; check its configuration")
            }
            if let last = objects.last?.id, !(last < id) {
                throw malformed("the pack's objects are not sorted by name")
            }
            objects.append(Entry(id: id, range: position..<object.end))
            position = object.end
        }
        guard objects.count == count else { throw malformed("the pack announces another number of objects") }
        self.bytes = bytes
        self.objects = objects
    }

    private static func name(_ kind: ObjectKind, _ content: [UInt8], _ hasher: SHA1) -> ObjectID? {
        hasher.hash(Array("\(kind.name) \(content.count)\0".utf8), content) { ObjectID($0) }
    }

    /// One object at `start`, in the only spelling that it has here.
    private static func read(
        _ bytes: [UInt8], at start: Int, before end: Int
    ) throws(GitError) -> (kind: ObjectKind, content: [UInt8], end: Int) {
        let bad = GitError(.malformed, "an object of the pack is not written as this program writes it")
        var (position, size, shift) = (start + 1, Int(bytes[start] & 15), 4)
        var last = bytes[start]
        while last & 0x80 != 0 {
            guard position < end, shift < 40 else { throw bad }
            last = bytes[position]
            size |= Int(last & 0x7F) << shift
            shift += 7
            position += 1
        }
        guard let kind = ObjectKind(packed: bytes[start] >> 4 & 7), size <= end - position,
            bytes[start..<position].elementsEqual(header(kind, size))
        else { throw bad }
        let blocks = max(1, (size + block - 1) / block)
        let finish = position + 2 + blocks * 5 + size + 4
        guard finish <= end, bytes[position] == 0x78, bytes[position + 1] == 0x01 else { throw bad }
        position += 2
        var content: [UInt8] = []
        content.reserveCapacity(size)
        for number in 0..<blocks {
            let length = min(block, size - number * block)
            guard bytes[position..<position + 5].elementsEqual(blockHead(length, isLast: number == blocks - 1)) else {
                throw bad
            }
            content.append(contentsOf: bytes[position + 5..<position + 5 + length])
            position += 5 + length
        }
        guard bytes[position..<finish].elementsEqual(bigEndian(checksum(content))) else { throw bad }
        return (kind, content, finish)
    }

    /// The bytes of one object; nil when the pack holds none of that name and kind.
    public func content(of id: ObjectID, _ kind: ObjectKind) -> [UInt8]? {
        var (low, high) = (0, objects.count)
        while low < high {
            let middle = (low + high) / 2
            if objects[middle].id < id { low = middle + 1 } else { high = middle }
        }
        guard low < objects.count, objects[low].id == id,
            let object = try? Self.read(
                bytes, at: objects[low].range.lowerBound, before: objects[low].range.upperBound),
            object.kind == kind
        else { return nil }
        return object.content
    }

    // MARK: - Spelling

    static func head(count: Int) -> [UInt8] {
        Array("PACK".utf8) + [0, 0, 0, 2] + bigEndian(UInt32(truncatingIfNeeded: count))
    }

    private static func bigEndian(_ value: UInt32) -> [UInt8] { (0..<4).map { UInt8(value >> (24 - 8 * $0) & 0xFF) } }

    /// Kind and size: four bits of it, then seven at a time, the low ones first.
    private static func header(_ kind: ObjectKind, _ size: Int) -> [UInt8] {
        var bytes = [kind.packed << 4 | UInt8(size & 15)]
        var rest = size >> 4
        while rest > 0 {
            bytes[bytes.count - 1] |= 0x80
            bytes.append(UInt8(rest & 0x7F))
            rest >>= 7
        }
        return bytes
    }

    /// Not compressed, the length, and the length's complement (RFC 1951, section 3.2.4).
    private static func blockHead(_ length: Int, isLast: Bool) -> [UInt8] {
        let (low, high) = (UInt8(length & 0xFF), UInt8(length >> 8))
        return [isLast ? 1 : 0, low, high, ~low, ~high]
    }

    /// Adler-32 (RFC 1950, section 8.2).
    private static func checksum(_ content: [UInt8]) -> UInt32 {
        var (one, two): (UInt32, UInt32) = (1, 0)
        content.withUnsafeBufferPointer { content in
            var index = 0
            while index < content.count {
                // As many as fit before the sums can overflow.
                let end = min(index + 5552, content.count)
                while index < end {
                    one &+= UInt32(content[index])
                    two &+= one
                    index += 1
                }
                one %= 65_521
                two %= 65_521
            }
        }
        return two << 16 | one
    }

    fileprivate static func append(_ kind: ObjectKind, _ content: [UInt8], to bytes: inout [UInt8]) {
        bytes += header(kind, content.count)
        bytes += [0x78, 0x01]
        var start = 0
        repeat {
            let length = min(block, content.count - start)
            bytes += blockHead(length, isLast: start + length == content.count)
            bytes += content[start..<start + length]
            start += length
        } while start < content.count
        bytes += bigEndian(checksum(content))
    }
}

extension Repository {
    /// Packs these objects.
    ///
    /// - Parameter limit: bytes of the pack; more is an error.
    public func storedPack(of ids: Set<ObjectID>, limit: Int) throws(GitError) -> [UInt8] {
        let tooLarge = GitError(.unsupported, "what it would hold is more than \(limit >> 20) MiB")
        var bytes = StoredPack.head(count: ids.count)
        for id in ids.sorted() {
            let object = try read(id, limit: limit)
            StoredPack.append(object.kind, object.content, to: &bytes)
            guard bytes.count <= limit else { throw tooLarge }
        }
        guard let sum = SHA1().hash([], bytes, { Array($0) }) else {
            throw GitError(.failed, "OpenSSL has no SHA-1, which git names objects by; check its configuration")
        }
        return bytes + sum
    }
}

extension ObjectKind {
    fileprivate init?(packed: UInt8) {
        switch packed {
        case 1: self = .commit
        case 2: self = .tree
        case 3: self = .blob
        case 4: self = .tag
        default: return nil
        }
    }

    fileprivate var packed: UInt8 {
        switch self {
        case .commit: 1
        case .tree: 2
        case .blob: 3
        case .tag: 4
        }
    }
}
