// swift-tools-version: 6.1
import PackageDescription

// Floors, from the ground up. A target imports only targets of lower floors; Tests/check-imports.py holds this
// manifest against what the files really import.

let systemLibraries: [Target] = [
    .systemLibrary(name: "CLibgit2", pkgConfig: "libgit2", providers: [.apt(["libgit2-dev"]), .brew(["libgit2"])]),
    .systemLibrary(name: "COpenSSL", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"]), .brew(["openssl@3"])]),
    .systemLibrary(
        name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"]), .brew(["curl"])]),
    .systemLibrary(name: "CYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"]), .brew(["libyaml"])]),
]

let wrappers: [Target] = [
    .target(name: "OperatingSystem"),
    .target(name: "CryptoPrimitives", dependencies: ["COpenSSL"]),
    .target(name: "YAML", dependencies: ["CYAML"]),
    .target(name: "HTTP", dependencies: ["CCurl"]),
    .target(name: "Git", dependencies: ["CLibgit2", "CryptoPrimitives", "OperatingSystem"]),
]

let vocabulary: [Target] = [
    .target(name: "ChangeModel", dependencies: ["CryptoPrimitives"]),
    .target(name: "CommandLineParsing"),
]

let judgement: [Target] = [
    .target(name: "PolicyEngine", dependencies: ["ChangeModel"]),
    .target(name: "SSHSignature", dependencies: ["CryptoPrimitives", "OperatingSystem"]),
    .target(name: "Tokens", dependencies: ["ChangeModel", "CryptoPrimitives"]),
    .target(name: "Documents", dependencies: ["ChangeModel", "PolicyEngine", "YAML", "CryptoPrimitives"]),
]

let protocolFloor: [Target] = [
    .target(
        name: "Ledger",
        dependencies: [
            "ChangeModel", "CryptoPrimitives", "Documents", "Git", "OperatingSystem", "PolicyEngine", "SSHSignature",
            "Tokens",
        ]
    ),
    .target(name: "Runner", dependencies: ["ChangeModel", "CryptoPrimitives", "OperatingSystem", "PolicyEngine"]),
]

let access: [Target] = [
    .target(
        name: "KubernetesAccess", dependencies: ["ChangeModel", "CryptoPrimitives", "HTTP", "OperatingSystem", "YAML"]),
    // Messages to receivers that a file or the machine names.
    .target(name: "Webhooks", dependencies: ["CryptoPrimitives", "HTTP", "OperatingSystem"]),
]

let executors: [Target] = [
    .target(
        name: "KubernetesExecutor",
        dependencies: ["ChangeModel", "CryptoPrimitives", "HTTP", "OperatingSystem", "Runner"]),
    // kubectl as a program beside this one.
    .target(name: "Kubectl", dependencies: ["HTTP", "KubernetesExecutor", "OperatingSystem", "Runner"]),
    .target(name: "EmbeddedCluster", dependencies: ["ChangeModel", "HTTP", "OperatingSystem"]),
    .target(
        name: "AWSExecutor", dependencies: ["ChangeModel", "CryptoPrimitives", "HTTP", "OperatingSystem", "Runner"]),
]

let evidence: [Target] = [
    .target(
        name: "Shipping",
        dependencies: [
            "AWSExecutor", "ChangeModel", "CryptoPrimitives", "Git", "Ledger", "OperatingSystem", "Webhooks",
        ])
]

let library: [Target] = [
    .executableTarget(name: "ResourceEmbedder", path: "Sources/ResourceEmbedder"),
    .plugin(
        name: "EmbedResources", capability: .buildTool(), dependencies: ["ResourceEmbedder"],
        path: "Sources/EmbedResources"),
    // The links in `Watched` make SwiftPM notice files that are added; see the plugin.
    .target(name: "EmbeddedCatalogue", exclude: ["Watched"], plugins: ["EmbedResources"]),
    .target(
        name: "AgentSafe",
        dependencies: [
            "AWSExecutor", "ChangeModel", "CryptoPrimitives", "Documents", "EmbeddedCatalogue", "EmbeddedCluster",
            "Git", "HTTP", "Kubectl", "KubernetesAccess", "KubernetesExecutor", "Ledger", "OperatingSystem",
            "PolicyEngine", "Runner",
            "SSHSignature", "Shipping", "Tokens", "Webhooks",
        ]
    ),
]

let faces: [Target] = [
    .target(
        name: "AgentSafeCLI",
        dependencies: [
            "AgentSafe", "ChangeModel", "CommandLineParsing", "Documents", "Git", "Ledger", "OperatingSystem",
            "PolicyEngine", "Runner", "SSHSignature", "Tokens",
        ]
    ),
    .executableTarget(name: "AgentSafeTool", dependencies: ["AgentSafeCLI", "OperatingSystem"]),
    // An agent on the library; its product's name is that of the file that people run.
    .executableTarget(
        name: "ExampleAgent", dependencies: ["AgentSafe", "ChangeModel", "OperatingSystem"], path: "examples/agent"),
    .executableTarget(
        name: "AgentSafeBench",
        dependencies: [
            "AgentSafeCLI", "ChangeModel", "CommandLineParsing", "Documents", "EmbeddedCatalogue", "Git", "Ledger",
            "NaiveEngine",
            "OperatingSystem", "PolicyEngine", "SSHSignature",
        ]
    ),
]

let tests: [Target] = [
    // A second engine, to test and to measure the first against.
    .target(name: "NaiveEngine", dependencies: ["ChangeModel", "PolicyEngine"], path: "Tests/NaiveEngine"),
    .target(
        name: "TestSupport", dependencies: ["ChangeModel", "CryptoPrimitives", "HTTP", "OperatingSystem"],
        path: "Tests/TestSupport", exclude: ["Programs"]),
    .testTarget(name: "ChangeModelTests", dependencies: ["ChangeModel", "OperatingSystem", "TestSupport"]),
    .testTarget(name: "GitTests", dependencies: ["Git", "OperatingSystem", "SSHSignature", "TestSupport"]),
    .testTarget(name: "OperatingSystemTests", dependencies: ["OperatingSystem", "TestSupport"]),
    .testTarget(name: "HTTPTests", dependencies: ["ChangeModel", "HTTP", "OperatingSystem", "TestSupport"]),
    .testTarget(
        name: "WebhooksTests",
        dependencies: ["ChangeModel", "HTTP", "OperatingSystem", "TestSupport", "Webhooks"]),
    .testTarget(
        name: "KubernetesAccessTests",
        dependencies: [
            "ChangeModel", "CryptoPrimitives", "HTTP", "KubernetesAccess", "OperatingSystem", "TestSupport",
        ]),
    .testTarget(
        name: "AWSExecutorTests",
        dependencies: [
            "AWSExecutor", "ChangeModel", "CryptoPrimitives", "Documents", "HTTP", "OperatingSystem", "Runner",
            "TestSupport",
        ],
        resources: [.copy("Vectors")]),
    .testTarget(name: "CommandLineParsingTests", dependencies: ["CommandLineParsing"]),
    .testTarget(name: "YAMLTests", dependencies: ["YAML", "TestSupport"]),
    .testTarget(
        name: "DocumentsTests",
        dependencies: ["Documents", "ChangeModel", "OperatingSystem", "YAML", "TestSupport"],
        exclude: ["Fixtures"]),
    .testTarget(
        name: "SSHSignatureTests",
        dependencies: ["SSHSignature", "CryptoPrimitives", "OperatingSystem", "TestSupport"],
        resources: [.copy("Vectors")]),
    .testTarget(
        name: "TokensTests",
        dependencies: ["Tokens", "ChangeModel", "CryptoPrimitives", "OperatingSystem", "TestSupport"]),
    .testTarget(
        name: "PolicyEngineTests",
        dependencies: ["PolicyEngine", "ChangeModel", "Documents", "NaiveEngine", "TestSupport"]),
    .testTarget(
        name: "KubernetesExecutorTests",
        dependencies: [
            "KubernetesAccess", "KubernetesExecutor", "EmbeddedCatalogue", "EmbeddedCluster", "ChangeModel",
            "CryptoPrimitives", "Documents", "HTTP", "OperatingSystem", "PolicyEngine", "Runner", "TestSupport",
        ],
        resources: [.copy("Cassettes")]),
    // Against a real API server, where Tests/kubernetes-server.sh started one.
    .testTarget(
        name: "ClusterTests",
        dependencies: [
            "ChangeModel", "Documents", "EmbeddedCatalogue", "HTTP", "Kubectl", "KubernetesAccess",
            "KubernetesExecutor", "OperatingSystem", "PolicyEngine", "Runner", "TestSupport",
        ]),
    .testTarget(
        name: "AgentSafeTests",
        dependencies: [
            "AgentSafe", "AgentSafeCLI", "ChangeModel", "CommandLineParsing", "CryptoPrimitives", "Documents",
            "EmbeddedCatalogue", "EmbeddedCluster", "Git", "HTTP", "KubernetesExecutor", "Ledger", "OperatingSystem",
            "PolicyEngine", "Runner", "SSHSignature", "Shipping", "TestSupport", "Tokens", "Webhooks",
        ],
        exclude: ["CommandLine/Transcripts"]),
]

let package = Package(
    name: "agentsafe",
    platforms: [.macOS(.v15)],
    products: [
        // With the modules whose types its interface speaks of.
        .library(
            name: "AgentSafe",
            targets: [
                "AgentSafe", "ChangeModel", "Git", "Ledger", "OperatingSystem", "PolicyEngine", "Runner",
                "SSHSignature",
            ]),
        .executable(name: "example-agent", targets: ["ExampleAgent"]),
        .executable(name: "agentsafe", targets: ["AgentSafeTool"]),
        .executable(name: "agentsafe-bench", targets: ["AgentSafeBench"]),
    ],
    targets: systemLibraries + wrappers + vocabulary + judgement + protocolFloor + access + executors + evidence
        + library + faces + tests,
    swiftLanguageModes: [.v6]
)
