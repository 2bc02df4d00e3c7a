internal import ChangeModel
internal import OperatingSystem

/// The two files of profiles and what they mean together.
struct Profiles: Sendable {
    typealias Values = [String: ProfileFile.Value]

    /// From both files; what the credentials file says goes before.
    let merged: [String: Values]
    /// From the credentials file alone.
    let credentials: [String: Values]
    /// From the config file alone.
    let configuration: [String: Values]
    /// `[sso-session NAME]`
    let sessions: [String: Values]
    /// `[services NAME]`
    let services: [String: Values]

    init(configuration file: ProfileFile, credentials other: ProfileFile) {
        var (profiles, sessions, services) = (
            [String: Values](), [String: Values](), [String: Values]()
        )
        for section in file.sections {
            let words = (try? ShellWords.split(section.name)) ?? []
            if section.name == "default" {
                profiles["default"] = section.values
            } else if words.count == 2 {
                switch words[0] {
                case "profile": profiles[words[1]] = section.values
                case "sso-session": sessions[words[1]] = section.values
                case "services": services[words[1]] = section.values
                default: break
                }
            }
        }
        configuration = profiles
        credentials = other.sections.reduce(into: [:]) { $0[$1.name] = $1.values }
        merged = profiles.merging(credentials) { $0.merging($1) { $1 } }
        self.sessions = sessions
        self.services = services
    }

    /// Reads `AWS_CONFIG_FILE` and `AWS_SHARED_CREDENTIALS_FILE`, or `~/.aws/config` and `~/.aws/credentials`. A file that is
    /// not there holds nothing.
    init(host: Host) throws(AWSAccessError) {
        self.init(
            configuration: try Self.read("AWS_CONFIG_FILE", "config", host),
            credentials: try Self.read("AWS_SHARED_CREDENTIALS_FILE", "credentials", host))
    }

    private static func read(_ variable: String, _ name: String, _ host: Host) throws(AWSAccessError)
        -> ProfileFile
    {
        var path = host.environment[variable] ?? "~/.aws/\(name)"
        if path == "~" || path.hasPrefix("~/") {
            guard let home = host.home else { return .empty }
            path = home + path.dropFirst()
        }
        path = host.absolute(path)
        let bytes: [UInt8]
        do throws(SystemError) {
            bytes = try Files.read(path, limit: ProfileFile.maximumSize + 1)
        } catch {
            guard !error.isMissing else { return .empty }
            throw AWSAccessError(.malformed, "cannot read it: \(error.reason)", at: FilePlace(file: path))
        }
        return try ProfileFile(parsing: bytes, file: path)
    }
}
