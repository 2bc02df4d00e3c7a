#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// A tree object: its bytes as git hashes them, and where each entry starts. Entries are made of it only when asked for.
struct TreeObject: Sendable {
    private(set) var content: [UInt8] = []
    private var starts: [Int] = []

    init() {}

    var count: Int { starts.count }
    var isEmpty: Bool { starts.isEmpty }

    /// Git sorts entries by their names' bytes, folders as if their names ended in a slash.
    private struct Key {
        let name: UnsafeBufferPointer<UInt8>
        let isTree: Bool

        /// Less than, equal to or greater than 0, as `memcmp`.
        func compare(_ other: Key) -> Int {
            let common = min(name.count, other.name.count)
            if let left = name.baseAddress, let right = other.name.baseAddress {
                let order = Int(memcmp(left, right, common))
                if order != 0 { return order }
            }
            return next(common) - other.next(common)
        }

        private func next(_ index: Int) -> Int {
            if index < name.count { return Int(name[index]) }
            return isTree ? Int(UInt8(ascii: "/")) : 0
        }
    }

    // MARK: - Reading

    /// The entry's parts; `content` must be lent for as long as the key is used.
    private static func key(_ content: UnsafeBufferPointer<UInt8>, _ start: Int, _ end: Int) -> Key {
        let isTree = content[start] == UInt8(ascii: "4")
        let name = start + (isTree ? 6 : 7)
        return Key(name: UnsafeBufferPointer(rebasing: content[name..<end - ObjectID.size - 1]), isTree: isTree)
    }

    private func end(of index: Int) -> Int { index + 1 < starts.count ? starts[index + 1] : content.count }

    private func withKey<Value>(_ index: Int, _ body: (Key) -> Value) -> Value {
        content.withUnsafeBufferPointer { body(Self.key($0, starts[index], end(of: index))) }
    }

    func isTree(_ index: Int) -> Bool { content[starts[index]] == UInt8(ascii: "4") }

    func name(_ index: Int) -> String { withKey(index) { String(decoding: $0.name, as: UTF8.self) } }

    func id(_ index: Int) -> ObjectID {
        let position = end(of: index) - ObjectID.size
        return content.withUnsafeBytes { ObjectID(UnsafeRawBufferPointer(rebasing: $0[position...])) }
    }

    subscript(index: Int) -> TreeEntry {
        let length = isTree(index) ? 5 : 6
        let mode = String(decoding: content[starts[index]..<starts[index] + length], as: UTF8.self)
        return TreeEntry(mode: mode, name: name(index), id: id(index))
    }

    var entries: [TreeEntry] { starts.indices.map { self[$0] } }

    /// Where the entry of that name stands, whatever it is.
    func index(of name: Substring) -> Int? { search(name, isTree: false).found ?? search(name, isTree: true).found }

    func index(ofTree name: Substring) -> Int? { search(name, isTree: true).found }

    /// - Returns: where the entry stands, or nil and where it would.
    private func search(_ name: Substring, isTree: Bool) -> (found: Int?, place: Int) {
        var name = name
        return name.withUTF8 { name in
            content.withUnsafeBufferPointer { content in
                let wanted = Key(name: name, isTree: isTree)
                var (low, high) = (0, starts.count)
                while low < high {
                    let middle = (low + high) / 2
                    let order = Self.key(content, starts[middle], end(of: middle)).compare(wanted)
                    if order == 0 { return (middle, middle) }
                    if order < 0 { low = middle + 1 } else { high = middle }
                }
                return (nil, low)
            }
        }
    }

    // MARK: - Changing

    /// Puts an entry in its place, instead of whatever bears its name.
    mutating func set(_ name: Substring, mode: String, id: ObjectID) {
        let isTree = mode == TreeEntry.treeMode
        if let other = search(name, isTree: !isTree).found { remove(other) }
        let (found, place) = search(name, isTree: isTree)
        if let found {
            if self.mode(found) == mode {
                let position = end(of: found) - ObjectID.size
                id.withBytes { content.replaceSubrange(position..<position + ObjectID.size, with: $0) }
                return
            }
            remove(found)
        }
        let start = place < starts.count ? starts[place] : content.count
        var entry = Array(mode.utf8)
        entry.append(UInt8(ascii: " "))
        entry.append(contentsOf: name.utf8)
        entry.append(0)
        id.withBytes { entry.append(contentsOf: $0) }
        content.insert(contentsOf: entry, at: start)
        starts.insert(start, at: place)
        for index in place + 1..<starts.count { starts[index] += entry.count }
    }

    private func mode(_ index: Int) -> String { self[index].mode }

    mutating func remove(_ index: Int) {
        let length = end(of: index) - starts[index]
        content.removeSubrange(starts[index]..<starts[index] + length)
        starts.remove(at: index)
        for later in index..<starts.count { starts[later] -= length }
    }

    // MARK: - Comparing

    /// Calls `body` with each pair of entries that differ; an entry that only one of the two has comes with nil. A file and
    /// a folder of one name are two entries.
    static func differences(
        _ old: TreeObject, _ new: TreeObject, _ body: (Int?, Int?) throws(GitError) -> Void
    ) throws(GitError) {
        var (left, right) = (0, 0)
        while left < old.count || right < new.count {
            switch order(old, left, new, right) {
            case 0:
                if !isSame(old, left, new, right) { try body(left, right) }
                left += 1
                right += 1
            case ..<0:
                try body(left, nil)
                left += 1
            default:
                try body(nil, right)
                right += 1
            }
        }
    }

    private static func order(_ old: TreeObject, _ left: Int, _ new: TreeObject, _ right: Int) -> Int {
        guard left < old.count else { return 1 }
        guard right < new.count else { return -1 }
        return old.withKey(left) { left in new.withKey(right) { right in left.compare(right) } }
    }

    /// Whether mode, name and content agree.
    private static func isSame(_ old: TreeObject, _ left: Int, _ new: TreeObject, _ right: Int) -> Bool {
        let (start, count) = (old.starts[left], old.end(of: left) - old.starts[left])
        let other = new.starts[right]
        guard new.end(of: right) - other == count else { return false }
        return old.content.withUnsafeBufferPointer { old in
            new.content.withUnsafeBufferPointer { new in
                guard let left = old.baseAddress, let right = new.baseAddress else { return false }
                return memcmp(left + start, right + other, count) == 0
            }
        }
    }
}

// MARK: - Reading what others wrote

extension TreeObject {
    /// The name of the tree without entries.
    static let emptyID = ObjectID("4b825dc642cb6eb9a060e54bf8d69288fbee4904") ?? .zero

    /// Takes a tree object's content (gitformat: mode, space, name, NUL, 20 bytes). Refuses what `git fsck --strict` would:
    /// names that are empty, `.`, `..`, `.git`, hold a slash or invalid UTF-8, unknown modes, and entries out of order.
    init(checking content: [UInt8], of id: ObjectID) throws(GitError) {
        self.content = content
        starts.reserveCapacity(content.count / 40)
        func malformed(_ why: String) -> GitError { GitError(.malformed, "tree \(id): \(why)") }
        let problem: String? = content.withUnsafeBufferPointer { bytes in
            var start = 0
            var previous: Key?
            while start < bytes.count {
                guard let name = Self.name(in: bytes, from: start) else { return Self.fault(in: bytes, from: start) }
                let end = name.upperBound + 1 + ObjectID.size
                let key = Self.key(bytes, start, end)
                if let fault = Self.fault(inName: key.name) { return fault }
                if let previous, previous.compare(key) >= 0 { return "entries are out of order" }
                if key.isTree, isRepeated(key, in: bytes) { return "a name stands there twice" }
                // Git itself never writes one, and a comparison of files would not see it.
                let id = UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: bytes[(end - ObjectID.size)..<end]))
                if key.isTree, ObjectID(id) == Self.emptyID {
                    return "`\(String(decoding: key.name.prefix(40), as: UTF8.self))` is an empty folder"
                }
                starts.append(start)
                previous = key
                start = end
            }
            return nil
        }
        if let problem { throw malformed(problem) }
    }

    /// Where the name of the entry at `start` stands; nil when the entry is cut short, or its mode is not one of git's.
    private static func name(in bytes: UnsafeBufferPointer<UInt8>, from start: Int) -> Range<Int>? {
        guard let base = bytes.baseAddress else { return nil }
        let rest = bytes.count - start
        let modes: [StaticString] = ["100644 ", "40000 ", "100755 ", "120000 ", "160000 "]
        for mode in modes where rest > mode.utf8CodeUnitCount {
            guard memcmp(base + start, mode.utf8Start, mode.utf8CodeUnitCount) == 0 else { continue }
            let name = start + mode.utf8CodeUnitCount
            guard let end = memchr(base + name, 0, bytes.count - name) else { return nil }
            let position = UnsafeRawPointer(base).distance(to: end)
            return position + 1 + ObjectID.size <= bytes.count ? name..<position : nil
        }
        return nil
    }

    /// Why there is no entry at `start`.
    private static func fault(in bytes: UnsafeBufferPointer<UInt8>, from start: Int) -> String {
        guard let space = bytes[start...].firstIndex(of: UInt8(ascii: " ")),
            let end = bytes[space...].firstIndex(of: 0), end + 1 + ObjectID.size <= bytes.count
        else { return "an entry is cut short" }
        return "mode `\(String(decoding: bytes[start..<space].prefix(12), as: UTF8.self))` is not one of git's"
    }

    private static func fault(inName name: UnsafeBufferPointer<UInt8>) -> String? {
        var isASCII = true
        var hasSlash = false
        for byte in name {
            if byte >= 0x80 { isASCII = false }
            if byte == UInt8(ascii: "/") { hasSlash = true }
        }
        guard isASCII || String(validating: Array(name), as: UTF8.self) != nil else {
            return "a name is not valid UTF-8"
        }
        let isDots = name.count <= 2 && name.allSatisfy { $0 == UInt8(ascii: ".") }
        if isDots || hasSlash || isGitFolder(name) {
            return "`\(String(decoding: name, as: UTF8.self).prefix(40))` is no name for a file"
        }
        return nil
    }

    /// Whether a file bears the folder's name. It sorts before; what stands between them starts with that name.
    private func isRepeated(_ folder: Key, in bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        for index in starts.indices.reversed() {
            let end = index + 1 < starts.count ? starts[index + 1] : nil
            let other = Self.key(bytes, starts[index], end ?? Self.end(in: bytes, from: starts[index]))
            guard other.name.starts(with: folder.name) else { return false }
            if other.name.count == folder.name.count { return true }
        }
        return false
    }

    private static func end(in bytes: UnsafeBufferPointer<UInt8>, from start: Int) -> Int {
        (name(in: bytes, from: start)?.upperBound ?? start) + 1 + ObjectID.size
    }

    /// Whether some file system takes `name` for `.git`, as git's own check has it: in any case, by its short name on
    /// Windows or with an ending that Windows drops, or with characters that macOS drops.
    private static func isGitFolder(_ name: UnsafeBufferPointer<UInt8>) -> Bool {
        // A cheap look first: nearly no name comes further.
        guard let first = name.first,
            first == UInt8(ascii: ".") || first | 0x20 == UInt8(ascii: "g") || first >= 0x80
        else { return false }
        let text = String(decoding: name, as: UTF8.self).lowercased()
        let ignored: [ClosedRange<UInt32>] = [0x200C...0x200F, 0x202A...0x202E, 0x206A...0x206F, 0xFEFF...0xFEFF]
        let kept = text.unicodeScalars.filter { scalar in !ignored.contains { $0.contains(scalar.value) } }
        for forbidden in [".git", "git~1"] where kept.starts(with: forbidden.unicodeScalars) {
            let ending = kept.dropFirst(forbidden.unicodeScalars.count).drop { $0 == " " || $0 == "." }
            if ending.isEmpty || ending.first == ":" || ending.first == "\\" { return true }
        }
        return false
    }
}
