#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// What programs cost that this process started.
public enum ProcessUsage {
    /// The largest resident memory, in bytes, of all programs that were started here and have ended (getrusage(2)).
    public static func largestChildBytes() -> Int {
        var usage = rusage()
        #if canImport(Glibc)
            getrusage(__rusage_who_t(RUSAGE_CHILDREN.rawValue), &usage)
            // In KiB here, and in bytes on Darwin.
            return Int(usage.ru_maxrss) << 10
        #else
            getrusage(RUSAGE_CHILDREN, &usage)
            return Int(usage.ru_maxrss)
        #endif
    }
}
