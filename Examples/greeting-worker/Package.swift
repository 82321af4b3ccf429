// swift-tools-version:6.0
import PackageDescription

let package = Package(
  name: "greeting-worker",
  products: [.executable(name: "runtime-worker", targets: ["GreetingWorker"])],
  // Outside this repository: .package(url: "https://…/onex-runtime", revision: "…").
  dependencies: [.package(name: "onex-runtime", path: "../..")],
  targets: [
    .executableTarget(name: "GreetingWorker", dependencies: [.product(name: "OnexRuntime", package: "onex-runtime")])
  ],
  swiftLanguageModes: [.v6]
)
