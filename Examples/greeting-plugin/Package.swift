// swift-tools-version:6.0
import PackageDescription

let package = Package(
  name: "greeting-plugin",
  products: [.library(name: "Greetings", type: .dynamic, targets: ["Greetings"])],
  // Outside this repository: .package(url: "https://…/onex-runtime", revision: "…").
  dependencies: [.package(name: "onex-runtime", path: "../..")],
  targets: [.target(name: "Greetings", dependencies: [.product(name: "OnexPluginKit", package: "onex-runtime")])],
  swiftLanguageModes: [.v6]
)
