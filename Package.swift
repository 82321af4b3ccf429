// swift-tools-version:6.0
import Glibc
import PackageDescription

// The order below is the order of the house: imports point up this list only (see docs/architecture.md; StyleTests holds it).

let strict: [SwiftSetting] = [.swiftLanguageMode(.v6)]

func library(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .target(name: name, dependencies: dependencies, path: "Libraries/\(name)", swiftSettings: strict)
}

func service(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .executableTarget(name: name, dependencies: dependencies, path: "Services/\(name)", swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency], exclude: [String] = []) -> Target {
  .testTarget(
    name: name, dependencies: dependencies + ["OnexTestSupport"], path: "Tests/\(name)", exclude: exclude,
    swiftSettings: strict)
}

func cModule(_ name: String, pkgConfig: String, apt: String) -> Target {
  .systemLibrary(name: name, path: "Libraries/C/\(name)", pkgConfig: pkgConfig, providers: [.apt([apt])])
}

let cModules: [Target] = [
  cModule("CRdKafka", pkgConfig: "rdkafka", apt: "librdkafka-dev"),
  cModule("CPostgres", pkgConfig: "libpq", apt: "libpq-dev"),
  cModule("CYAML", pkgConfig: "yaml-0.1", apt: "libyaml-dev"),
  cModule("CCrypto", pkgConfig: "libcrypto", apt: "libssl-dev"),
  .target(name: "CMicroHTTPD", path: "Libraries/C/CMicroHTTPD", linkerSettings: [.linkedLibrary("microhttpd")]),
  .target(name: "CProcess", path: "Libraries/C/CProcess"),
  .target(name: "CFiles", path: "Libraries/C/CFiles"),
  .target(name: "CCurl", path: "Libraries/C/CCurl", linkerSettings: [.linkedLibrary("curl")]),
  .target(name: "CSimdJSON", path: "Libraries/C/CSimdJSON", linkerSettings: [.linkedLibrary("simdjson")]),
  .target(name: "COnexPlugin", path: "Libraries/C/COnexPlugin"),
]

let libraries: [Target] = [
  library("OnexCore", []),
  library("OnexThreads", []),
  library("OnexJSON", ["OnexCore", "CSimdJSON"]),
  library("OnexYAML", ["OnexCore", "CYAML"]),
  library("OnexInMemory", ["OnexCore"]),
  library("OnexKafka", ["OnexCore", "OnexThreads", "CRdKafka"]),
  library("OnexPostgres", ["OnexCore", "OnexThreads", "CPostgres"]),
  library("OnexHTTP", ["OnexCore", "OnexThreads", "CCurl", "CMicroHTTPD"]),
  library("OnexCommandLine", ["OnexCore", "OnexJSON"]),
  library("OnexService", ["OnexCore", "OnexJSON", "OnexCommandLine", "OnexHTTP", "CProcess"]),
  library("OnexMigrations", ["OnexCore", "OnexPostgres", "OnexService"]),
  library("OnexKernel", ["OnexCore", "OnexThreads", "OnexJSON", "OnexYAML", "OnexService", "COnexPlugin"]),
  library("OnexCompute", ["OnexCore", "OnexJSON", "OnexKernel", "CCrypto"]),
  library("OnexEffects", ["OnexCore", "OnexThreads", "OnexJSON", "OnexHTTP", "OnexKernel", "CFiles"]),
  library(
    "OnexObservability",
    ["OnexCore", "OnexThreads", "OnexJSON", "OnexKafka", "OnexPostgres", "OnexService", "OnexMigrations", "OnexKernel"]),
  library("OnexWorkflow", ["OnexCore", "OnexJSON", "OnexKernel"]),
  library(
    "OnexTopics",
    ["OnexCore", "OnexThreads", "OnexJSON", "OnexYAML", "OnexKafka", "OnexCommandLine", "OnexService", "OnexKernel"]),
  library(
    "OnexRuntime",
    [
      "OnexCore", "OnexJSON", "OnexInMemory", "OnexKafka", "OnexPostgres", "OnexService", "OnexMigrations", "OnexKernel",
      "OnexWorkflow",
    ]),
  library(
    "OnexControl",
    [
      "OnexCore", "OnexJSON", "OnexKafka", "OnexPostgres", "OnexHTTP", "OnexCommandLine", "OnexService", "OnexMigrations",
      "OnexKernel", "OnexTopics", "OnexWorkflow", "OnexRuntime",
    ]),
  library("OnexPluginKit", ["COnexPlugin"]),
  library("OnexTestSupport", ["OnexCore", "OnexInMemory"]),
]

let services: [Target] = [
  service("runtime-main", ["OnexRuntime", "OnexCompute", "OnexEffects", "OnexHTTP"]),
  service("runtime-effects", ["OnexRuntime", "OnexEffects", "OnexHTTP"]),
  service("runtime-worker", ["OnexRuntime", "OnexCompute"]),
  service("agent-actions-consumer", ["OnexObservability"]),
  service("topic-manager", ["OnexTopics"]),
  service("onexctl", ["OnexControl", "OnexCompute", "OnexEffects"]),
]

let testTargets: [Target] = [
  tests("OnexInMemoryTests", ["OnexCore", "OnexInMemory"]),
  tests("OnexKafkaTests", ["OnexCore", "OnexThreads", "OnexKafka", "CRdKafka"]),
  tests("OnexYAMLTests", ["OnexCore", "OnexYAML"]),
  tests("OnexKernelTests", ["OnexCore", "OnexService", "OnexKernel"]),
  tests("OnexCoreTests", ["OnexCore", "OnexJSON"]),
  tests("OnexCommandLineTests", ["OnexCore", "OnexYAML", "OnexCommandLine"]),
  tests(
    "OnexTopicsTests",
    [
      "OnexCore", "OnexJSON", "OnexYAML", "OnexInMemory", "OnexKafka", "OnexKernel", "OnexCommandLine", "OnexService",
      "OnexTopics",
      "OnexObservability", "OnexRuntime",
    ]),
  tests("OnexControlTests", ["OnexCore", "OnexJSON", "OnexInMemory", "OnexCommandLine", "OnexControl"]),
  tests("StyleTests", ["OnexCore", "OnexKernel"]),
  .target(
    name: "ProcessTestSupport",
    dependencies: ["OnexCore", "OnexJSON", "OnexKafka", "OnexHTTP", "OnexKernel", "OnexRuntime"],
    path: "Tests/ProcessTestSupport",
    swiftSettings: strict),
  tests(
    "EndToEndTests",
    ["OnexCore", "OnexJSON", "OnexKafka", "OnexPostgres", "OnexHTTP", "OnexRuntime", "ProcessTestSupport"],
    exclude: ["Contracts"]),
  .executableTarget(
    name: "late-commit-main", dependencies: ["OnexCore", "OnexRuntime"], path: "Tests/Fixtures/late-commit-main",
    swiftSettings: strict),
  tests(
    "ChaosTests", ["OnexCore", "OnexJSON", "OnexKafka", "OnexPostgres", "ProcessTestSupport", "late-commit-main"],
    exclude: ["Contracts"]),
  tests(
    "IntegrationTests",
    [
      "OnexCore", "OnexJSON", "CRdKafka", "OnexKafka", "OnexPostgres", "OnexService", "OnexMigrations", "OnexKernel",
      "OnexObservability", "OnexTopics", "ProcessTestSupport",
    ]),
  tests(
    "OnexObservabilityTests", ["OnexCore", "OnexJSON", "OnexInMemory", "OnexPostgres", "OnexService", "OnexObservability"],
    exclude: ["RedactionCorpus"]),
  tests("OnexPostgresTests", ["OnexCore", "OnexPostgres"]),
  tests("OnexMigrationsTests", ["OnexCore", "OnexPostgres", "OnexMigrations"]),
  tests("OnexRuntimeTests", ["OnexRuntime", "OnexInMemory"], exclude: ["Contracts"]),
  .target(
    name: "OnexSimulation",
    dependencies: [
      "OnexCore", "OnexJSON", "OnexInMemory", "OnexService", "OnexKernel", "OnexWorkflow", "OnexRuntime", "OnexTestSupport",
    ], path: "Tests/Simulation", exclude: ["Contracts"], swiftSettings: strict),
  .executableTarget(
    name: "simulate", dependencies: ["OnexCore", "OnexSimulation"], path: "Tests/Fixtures/simulate", exclude: ["run.sh"],
    swiftSettings: strict),
  tests("SimulationTests", ["OnexCore", "OnexSimulation"]),
  tests("OnexWorkflowTests", ["OnexCore", "OnexJSON", "OnexKernel", "OnexWorkflow"]),
  tests("OnexComputeTests", ["OnexCore", "OnexJSON", "OnexKernel", "OnexCompute"]),
  tests("OnexHTTPTests", ["OnexCore", "OnexHTTP"]),
  tests("OnexEffectsTests", ["OnexCore", "OnexJSON", "OnexKernel", "OnexHTTP", "OnexEffects"]),
  tests("OnexJSONTests", ["OnexCore", "OnexJSON"]),
  .executableTarget(
    name: "probe-service", dependencies: ["OnexCore", "OnexService"], path: "Tests/Fixtures/probe-service", swiftSettings: strict),
  tests("OnexServiceTests", ["OnexCore", "OnexJSON", "OnexHTTP", "OnexCommandLine", "OnexService", "probe-service"]),
]

// An image is built from a context without tests.
let hasTests = access(Context.packageDirectory + "/Tests", F_OK) == 0

let package = Package(
  name: "onex-runtime",
  products: [
    .library(name: "OnexRuntime", targets: ["OnexRuntime", "OnexKernel", "OnexCore", "OnexJSON"]),
    .library(name: "OnexPluginKit", type: .static, targets: ["OnexPluginKit"]),
  ],
  targets: cModules + libraries + services + (hasTests ? testTargets : []),
  cxxLanguageStandard: .cxx17
)
