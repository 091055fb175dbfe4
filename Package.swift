// swift-tools-version: 6.2
import PackageDescription

/// `hack/fuzz` sets this. The harnesses of Fuzzing/ are then executables around libFuzzer; else they are a test target,
/// which runs the committed corpus: a source file can be in one target only.
let buildsFuzzers = Context.environment["PROGLOG_FUZZERS"] != nil
/// `make simulate WHAT=operator` sets this: the traces of the operator's tests are then a program, built for release.
let buildsTraces = Context.environment["PROGLOG_TRACES"] != nil

/// One set of rules for every target of ours: Swift 6 mode, the upcoming features, and no warnings.
let swiftSettings: [SwiftSetting] =
  [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .treatAllWarnings(as: .error),
  ] + (buildsFuzzers ? [.unsafeFlags(["-sanitize=fuzzer,address"])] : [])

/// A program of ours. For the harnesses, which have a main function of their own or libFuzzer's, it is a library, whose own
/// has another name.
func program(_ name: String, dependencies: [Target.Dependency], settings: [SwiftSetting] = []) -> Target {
  guard buildsFuzzers || buildsTraces else {
    return .executableTarget(name: name, dependencies: dependencies, swiftSettings: swiftSettings + settings)
  }
  let entryPoint = ["-Xfrontend", "-entry-point-function-name", "-Xfrontend", "\(name)_main"]
  return .target(
    name: name, dependencies: dependencies, swiftSettings: swiftSettings + settings + [.unsafeFlags(entryPoint)])
}

/// What debug builds can plant in the Raft core and the server, for the tests to find; see PlantedBug.swift.
let plantedBugs: [SwiftSetting] = [.define("PLANTED_BUGS", .when(configuration: .debug))]

/// Generated code follows its generator's taste, not ours.
let generatedSettings: [SwiftSetting] = [.swiftLanguageMode(.v6)]

let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioEmbedded = Target.Dependency.product(name: "NIOEmbedded", package: "swift-nio")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let nioHTTP2 = Target.Dependency.product(name: "NIOHTTP2", package: "swift-nio-http2")
let nioHPACK = Target.Dependency.product(name: "NIOHPACK", package: "swift-nio-http2")
let nioTLS = Target.Dependency.product(name: "NIOTLS", package: "swift-nio")
let nioSSL = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")
let swiftProtobuf = Target.Dependency.product(name: "SwiftProtobuf", package: "swift-protobuf")
let x509 = Target.Dependency.product(name: "X509", package: "swift-certificates")
let asn1 = Target.Dependency.product(name: "SwiftASN1", package: "swift-asn1")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let grpcCore = Target.Dependency.product(name: "GRPCCore", package: "grpc-swift-2")
let grpcProtobuf = Target.Dependency.product(name: "GRPCProtobuf", package: "grpc-swift-protobuf")
let grpcTransport = Target.Dependency.product(name: "GRPCNIOTransportHTTP2Posix", package: "grpc-swift-nio-transport")
let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let metricsTestKit = Target.Dependency.product(name: "MetricsTestKit", package: "swift-metrics")
let metrics = Target.Dependency.product(name: "CoreMetrics", package: "swift-metrics")
let serviceLifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let collections = Target.Dependency.product(name: "DequeModule", package: "swift-collections")
let unixSignals = Target.Dependency.product(name: "UnixSignals", package: "swift-service-lifecycle")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let asyncHTTPClient = Target.Dependency.product(name: "AsyncHTTPClient", package: "async-http-client")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")

/// What the harnesses of each folder of Fuzzing/ decode with.
let fuzzers: [(folder: String, dependencies: [Target.Dependency])] = [
  ("CommitLog", ["CommitLog", nioCore]),
  ("RPCServer", ["Compression", "RPCServer", nioCore, nioEmbedded, nioHTTP2, nioHPACK, logging]),
  ("Logd", ["Logd", "CommitLog", "Raft", "ProgLogAPI", nioCore, swiftProtobuf]),
  ("KubernetesClient", ["KubernetesClient", nioCore]),
  ("Clients", ["ProgLogClient", "Logctl", "ProgLogAPI", grpcCore, swiftProtobuf]),
  ("Operator", ["Operator", "KubernetesClient", nioCore]),
  ("Gossip", ["Gossip"]),
  ("Certificates", ["Certificates", asn1, x509]),
  ("Authorization", ["Authorization"]),
]

let fuzzTargets: [Target] =
  [.target(name: "FuzzSupport", path: "Fuzzing/Support", swiftSettings: swiftSettings)]
  + (buildsFuzzers
    ? [
      .target(name: "FuzzDriver", dependencies: ["FuzzSupport"], path: "Fuzzing/Driver", swiftSettings: swiftSettings)
    ]
      + fuzzers.map { folder, dependencies in
        .executableTarget(
          name: "Fuzz\(folder)", dependencies: ["FuzzDriver", "FuzzSupport"] + dependencies, path: "Fuzzing/\(folder)",
          swiftSettings: swiftSettings)
      }
    : [
      .testTarget(
        name: "FuzzCorpusTests",
        dependencies: [
          "FuzzSupport", "CommitLog", "Raft", "RPCServer", "Logd", "ProgLogAPI", "KubernetesClient", "ProgLogClient",
          "Logctl", "Operator", "Gossip", "Certificates", "Authorization", asn1, x509, nioCore, nioEmbedded, nioHTTP2,
          nioHPACK, logging, swiftProtobuf, grpcCore,
        ], path: "Fuzzing",
        exclude: ["Corpus", "Driver", "Support"] + fuzzers.map { "\($0.folder)/Fuzzer.swift" },
        swiftSettings: swiftSettings)
    ])

let traceTargets: [Target] =
  buildsTraces
  ? [
    .executableTarget(
      name: "OperatorTraces",
      dependencies: ["Operator", "KubernetesClient", "ProgLogClient", "TestSupport", argumentParser],
      path: "Tests/OperatorTests/Traces", exclude: ["TraceTests.swift"],
      swiftSettings: swiftSettings + [.define("TRACE_PROGRAM")])
  ] : []

let package = Package(
  name: "proglog",
  platforms: [.macOS(.v15)],
  products: [.library(name: "ProgLogClient", targets: ["ProgLogClient"])]
    + (buildsFuzzers || buildsTraces
      ? []
      : [
        .executable(name: "logd", targets: ["Logd"]),
        .executable(name: "logctl", targets: ["Logctl"]),
        .executable(name: "proglog-operator", targets: ["Operator"]),
      ]),
  dependencies: [
    // A double-ended queue that does not move its elements.
    .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
    // Event loops and byte buffers: everything that touches a socket.
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    // HTTP/2 framing, flow control and HPACK under the gRPC server.
    .package(url: "https://github.com/apple/swift-nio-http2", from: "1.46.0"),
    // TLS.
    .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
    // X.509: certificates are made, read and verified with it.
    .package(url: "https://github.com/apple/swift-certificates", from: "1.21.1"),
    .package(url: "https://github.com/apple/swift-asn1", from: "1.7.4"),
    // Keys of certificates, and the encryption of gossip.
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
    // Messages of the public APIs. No traits: its optional helpers pull in the whole of Foundation.
    .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0", traits: []),
    // The client side of gRPC; the server's is RPCServer, see docs/architecture.md.
    .package(url: "https://github.com/grpc/grpc-swift-2", from: "2.4.3"),
    .package(url: "https://github.com/grpc/grpc-swift-nio-transport", from: "2.9.2"),
    .package(url: "https://github.com/grpc/grpc-swift-protobuf", from: "2.4.1"),
    // Command lines with help that teaches.
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    // The interfaces for logs and metrics that every library here speaks.
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
    // Start order, signals and graceful stop.
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    // The HTTP/JSON API and the ops endpoints.
    .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
    // The operator's way to the Kubernetes API.
    .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
    // Configuration files and kubeconfig.
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
  ],
  targets: [
    .systemLibrary(name: "CZlib", providers: [.apt(["zlib1g-dev"])]),
    .target(name: "Compression", dependencies: ["CZlib", nioCore], swiftSettings: swiftSettings),
    .target(name: "CCommitLog"),
    .target(name: "CommitLog", dependencies: ["CCommitLog", "Compression", nioCore], swiftSettings: swiftSettings),
    .target(
      name: "Raft", dependencies: ["CommitLog", nioCore, collections], swiftSettings: swiftSettings + plantedBugs),
    .target(
      name: "ProgLogAPI", dependencies: [swiftProtobuf, grpcCore, grpcProtobuf], swiftSettings: generatedSettings),
    .target(
      name: "RPCServer",
      dependencies: [
        "ProgLogAPI", "Compression", nioCore, nioPosix, nioHTTP1, nioHTTP2, nioHPACK, nioSSL, swiftProtobuf, logging,
      ], swiftSettings: swiftSettings),
    .target(
      name: "ProgLogClient",
      dependencies: ["ProgLogAPI", grpcCore, grpcProtobuf, grpcTransport, swiftProtobuf, collections],
      swiftSettings: swiftSettings),
    .target(
      name: "Gossip", dependencies: [nioCore, nioPosix, crypto, collections, logging, metrics],
      swiftSettings: swiftSettings + plantedBugs),
    .target(
      name: "Certificates", dependencies: [nioCore, nioSSL, nioTLS, crypto, x509, asn1],
      swiftSettings: swiftSettings),
    .target(name: "Authorization", swiftSettings: swiftSettings),
    .target(name: "Telemetry", dependencies: [logging, metrics], swiftSettings: swiftSettings),
    .target(
      name: "KubernetesClient",
      dependencies: [asyncHTTPClient, nioCore, nioPosix, nioHTTP1, nioSSL, yams, logging, metrics],
      swiftSettings: swiftSettings),
    program(
      "Logd",
      dependencies: [
        "CommitLog", "Raft", "Gossip", "ProgLogAPI", "RPCServer", "ProgLogClient", "Certificates", "Authorization",
        "Telemetry", nioCore, nioPosix, nioTLS,
        swiftProtobuf, collections, argumentParser, logging, metrics, serviceLifecycle, unixSignals, hummingbird, yams,
      ], settings: plantedBugs),
    program(
      "Logctl",
      dependencies: [
        "CommitLog", "ProgLogAPI", "ProgLogClient", "Certificates", "Authorization", "Telemetry", nioCore,
        argumentParser,
        yams,
      ]),
    program(
      "Operator",
      dependencies: [
        "KubernetesClient", "ProgLogClient", "Certificates", "Authorization", "Telemetry", x509, argumentParser,
        logging, metrics, serviceLifecycle, unixSignals, hummingbird, yams,
      ]),
    // What `make bench` runs; here and not in a package of its own, to see what is `package`.
    .executableTarget(
      name: "Benchmarks",
      dependencies: ["CAllocationCounter", "CommitLog", "Authorization", "TestSupport", nioCore, unixSignals],
      path: "Benchmarks", exclude: ["CAllocationCounter", "EchoServer", "Go"], swiftSettings: swiftSettings),
    // Linked, it counts the allocations of its program.
    .target(name: "CAllocationCounter", path: "Benchmarks/CAllocationCounter"),
    .executableTarget(
      name: "EchoServer", dependencies: ["RPCServer", nioCore, nioPosix, logging], path: "Benchmarks/EchoServer",
      swiftSettings: swiftSettings),
    // The world in one process, drawn from a seed: a disk that fails as planned, and what runs on it.
    .target(
      name: "Simulation", dependencies: ["CommitLog", "Raft", "Gossip", "TestSupport", nioCore, collections],
      swiftSettings: swiftSettings + plantedBugs),
    .executableTarget(
      name: "Simulate", dependencies: ["Simulation", "Raft", "Gossip", "TestSupport", argumentParser],
      swiftSettings: swiftSettings + plantedBugs),
    // What tests share: processes, directories, seeds.
    .target(name: "TestSupport", path: "Tests/TestSupport", swiftSettings: swiftSettings),
    .testTarget(
      name: "RaftTests", dependencies: ["Raft", "CommitLog", "TestSupport", nioCore], exclude: ["Golden"],
      swiftSettings: swiftSettings),
    .testTarget(
      name: "CompressionTests", dependencies: ["Compression", nioCore], swiftSettings: swiftSettings),
    .testTarget(
      name: "CommitLogTests", dependencies: ["CCommitLog", "CommitLog", "Compression", "TestSupport", nioCore],
      swiftSettings: swiftSettings),
    .testTarget(
      name: "GossipTests",
      dependencies: [
        "Gossip", "Simulation", "TestSupport", nioCore, nioPosix, nioEmbedded, logging, crypto, metricsTestKit,
      ], swiftSettings: swiftSettings + plantedBugs),
    .testTarget(
      name: "CertificatesTests",
      dependencies: ["Certificates", "TestSupport", nioCore, nioPosix, nioSSL, nioTLS, crypto, x509, asn1],
      swiftSettings: swiftSettings),
    .testTarget(
      name: "AuthorizationTests", dependencies: ["Authorization", "TestSupport"], swiftSettings: swiftSettings),
    .testTarget(
      name: "SimulationTests", dependencies: ["Simulation", "Raft", "CommitLog", nioCore], swiftSettings: swiftSettings),
    .testTarget(
      name: "RPCServerTests",
      dependencies: [
        "RPCServer", "ProgLogAPI", "TestSupport", nioCore, nioPosix, nioEmbedded, nioHTTP1, nioHTTP2, nioHPACK, nioTLS,
        nioSSL, grpcCore, grpcTransport, swiftProtobuf, logging,
      ], exclude: ["Go", "Python"], swiftSettings: swiftSettings),
    .testTarget(
      name: "TelemetryTests", dependencies: ["Telemetry", "TestSupport", logging, metrics], swiftSettings: swiftSettings
    ),
    .testTarget(
      name: "ProgLogClientTests",
      dependencies: [
        "ProgLogClient", "ProgLogAPI", "RPCServer", "TestSupport", nioCore, nioPosix, nioSSL, swiftProtobuf, logging,
      ],
      swiftSettings: swiftSettings),
    .testTarget(
      name: "KubernetesClientTests",
      dependencies: ["KubernetesClient", asyncHTTPClient, nioCore, nioPosix, nioHTTP1, nioSSL, logging, metrics],
      swiftSettings: swiftSettings),
    .testTarget(
      name: "LogdTests",
      dependencies: [
        "Logd", "Logctl", "CommitLog", "Raft", "ProgLogAPI", "ProgLogClient", "RPCServer", "TestSupport", nioCore,
        nioPosix, nioEmbedded, swiftProtobuf, grpcCore, grpcTransport, logging, serviceLifecycle,
      ], exclude: ["Peers/Golden"],
      swiftSettings: swiftSettings),
    .testTarget(
      name: "LogctlTests",
      dependencies: [
        "CommitLog", "Logctl", "ProgLogAPI", "ProgLogClient", "Certificates", "Authorization", "TestSupport", nioCore,
        argumentParser,
      ],
      swiftSettings: swiftSettings),
    .testTarget(
      name: "OperatorTests",
      dependencies: [
        "Operator", "KubernetesClient", "ProgLogClient", "Certificates", "Authorization", "Telemetry", "TestSupport",
        x509, argumentParser, logging, metrics, serviceLifecycle, yams,
      ], exclude: ["Upgrades/Golden"] + (buildsTraces ? ["Traces"] : []), swiftSettings: swiftSettings),
    // Real processes on loopback.
    .testTarget(
      name: "ClusterTests", dependencies: ["Logd", "Logctl", "ProgLogAPI", "ProgLogClient", "TestSupport"],
      exclude: ["Go", "Golden", "Python"], swiftSettings: swiftSettings),
    // A real API server, real pods; run by `make test` with a cluster.
    .testTarget(
      name: "KubernetesTests", dependencies: ["KubernetesClient", "TestSupport", logging], swiftSettings: swiftSettings),
  ] + fuzzTargets + traceTargets,
  swiftLanguageModes: [.v6]
)
