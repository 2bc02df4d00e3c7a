import OperatingSystem
import Synchronization
import TestSupport

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

extension Governance {
    /// A repository that several tests read, and none changes. Its folder goes when the process ends: what is kept in a
    /// static property is never freed.
    static func keptForAll() throws -> Governance {
        let governance = try Governance()
        KeptFolders.remember(governance.directory.path)
        return governance
    }
}

enum KeptFolders {
    private static let paths = Mutex<[String]>([])
    private static let registered: Void = { atexit { KeptFolders.remove() } }()

    static func remember(_ path: String) {
        _ = registered
        paths.withLock { $0.append(path) }
    }

    private static func remove() {
        for path in paths.withLock({ $0 }) { try? Files.removeTree(path) }
    }
}

/// Something that tests share could not be made. A failed expectation is recorded once, in the test that met it first, and
/// would pass unseen through all others.
struct NotMade: Error, CustomStringConvertible {
    let description: String
}

extension Result where Failure == any Error {
    /// The shared value; every test that asks for it fails where there is none.
    func shared() throws -> Success {
        do { return try get() } catch { throw NotMade(description: "what tests share could not be made: \(error)") }
    }
}
