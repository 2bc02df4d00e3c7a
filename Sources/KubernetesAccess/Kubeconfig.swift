public import ChangeModel

/// What a kubeconfig says (Kubernetes, "kubeconfig (v1)" reference), or several merged. Nothing in it was opened or run yet.
public struct Kubeconfig: Sendable, Hashable {
    /// A piece that stands in the kubeconfig itself, or in a file of its own.
    public enum Material: Sendable, Hashable {
        case data([UInt8])
        /// Absolute, or relative to the working directory if the kubeconfig's own path is.
        case file(String)
    }

    public struct Cluster: Sendable, Hashable {
        public var server: String
        public var authority: Material?
        public var serverName: String?
        public var proxy: String?
        public var skipsVerification = false
        public var refusesCompression = false
        /// The extension `client.authentication.k8s.io/exec`, which goes to a plugin as it is.
        public var pluginConfiguration: JSONValue?
        public var place: FilePlace
    }

    public struct User: Sendable, Hashable {
        public var certificate: Material?
        public var key: Material?
        public var token: String?
        public var tokenFile: String?
        public var name: String?
        public var password: String?
        public var plugin: ExecPlugin?
        public var impersonation: Impersonation?
        /// The name of a provider that kubectl has built in, or had.
        public var authProvider: String?
        public var place: FilePlace

        var holdsSecret: Bool {
            if case .data = key { return true }
            return token != nil || password != nil
        }
    }

    /// Whom the user acts as (Kubernetes, "User impersonation").
    public struct Impersonation: Sendable, Hashable {
        public var user: String
        public var uid: String?
        public var groups: [String]
        public var extra: [String: [String]]
    }

    public struct Context: Sendable, Hashable {
        public var cluster: String
        /// Empty: nobody in particular.
        public var user: String
        public var namespace: String?
        public var place: FilePlace
    }

    public var currentContext: String?
    public var clusters: [String: Cluster] = [:]
    public var users: [String: User] = [:]
    public var contexts: [String: Context] = [:]

    public init() {}

    public var isEmpty: Bool { currentContext == nil && clusters.isEmpty && users.isEmpty && contexts.isEmpty }

    /// Takes what is not there yet from a file that comes later. An entry is one thing: nothing of a second entry of the same
    /// name is taken, even where the first says nothing.
    public mutating func fill(from later: Kubeconfig) {
        if currentContext == nil { currentContext = later.currentContext }
        clusters.merge(later.clusters) { first, _ in first }
        users.merge(later.users) { first, _ in first }
        contexts.merge(later.contexts) { first, _ in first }
    }
}

/// A program that hands out credentials (`client.authentication.k8s.io/v1` and `v1beta1`).
public struct ExecPlugin: Sendable, Hashable {
    public enum Interaction: String, Sendable, Hashable {
        case never = "Never"
        case ifAvailable = "IfAvailable"
        case always = "Always"
    }

    public var apiVersion: String
    /// A name to look for in `PATH`, or a path.
    public var command: String
    public var arguments: [String]
    public var environment: [Variable]
    public var interaction: Interaction
    public var wantsClusterInformation: Bool
    public var installHint: String?
    public var place: FilePlace

    public struct Variable: Sendable, Hashable {
        public var name: String
        public var value: String

        public init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    static let versions = ["client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1"]
}
