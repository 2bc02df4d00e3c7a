internal import OperatingSystem

/// A file by which git keeps others from a reference, or from all packed ones, and which stays when git is killed.
struct ReferenceLock {
    let path: String

    /// No git holds a reference for so long: seconds.
    static let limit: Int64 = 600

    /// The lock file that git's words name as the obstacle: `Unable to create '….lock': File exists.`
    init?(named words: String, in directory: String) {
        let names = words.split(separator: "\n").compactMap { line -> Substring? in
            guard let start = line.firstRange(of: "Unable to create '"),
                let end = line.firstRange(of: ".lock': File exists"),
                start.upperBound < end.lowerBound
            else { return nil }
            return line[start.upperBound..<end.lowerBound]
        }
        guard let name = names.first else { return nil }
        path = (name.hasPrefix("/") ? name : "\(directory)/\(name)") + ".lock"
    }

    /// Takes away what a killed git left on a reference of a remote. What such references say is only a copy of what the
    /// remote has, so nothing is lost if the guess is wrong; other locks are left to people.
    ///
    /// - Returns: whether it is gone now.
    func remove() -> Bool {
        guard path.contains("/refs/remotes/"), Files.kind(path) == .file, let age = Files.age(path), age > Self.limit
        else {
            return Files.kind(path) == nil
        }
        return (try? Files.remove(path)) != nil
    }

    var error: GitError {
        GitError(
            .failed,
            "`\(path)` is there, so another git is writing; wait for it, and if no git is at work in this repository, one was "
                + "killed and left it: remove that file")
    }
}
