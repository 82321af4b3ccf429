import Testing

/// The house as ARCHITECTURE draws it: imports point down the list, features do not know each other, and every C library stays
/// behind its adapter.
@Suite struct ImportTests {
  /// From the bottom up. A module may import those of lower layers and, where it says so, its own layer.
  private static let layers: [[String]] = [
    ["OnexCore", "OnexThreads"],
    ["OnexJSON", "OnexYAML", "OnexInMemory"],
    ["OnexKafka", "OnexPostgres", "OnexHTTP", "OnexCommandLine"],
    ["OnexService"],
    ["OnexMigrations"],
    ["OnexKernel"],
    // Reducers of the runtime's own, which every router has.
    ["OnexWorkflow"],
    // Features, and the composition of roles that takes their handlers as parameters.
    ["OnexCompute", "OnexEffects", "OnexObservability", "OnexTopics", "OnexRuntime"],
    ["OnexControl"],
    ["OnexTestSupport"],
  ]

  /// Which C module belongs to which adapter.
  private static let owners: [String: [String]] = [
    "CRdKafka": ["OnexKafka"], "CPostgres": ["OnexPostgres"], "CCurl": ["OnexHTTP"], "CMicroHTTPD": ["OnexHTTP"],
    "CYAML": ["OnexYAML"], "CSimdJSON": ["OnexJSON"], "CCrypto": ["OnexCompute"], "CFiles": ["OnexEffects"],
    "CProcess": ["OnexService"], "COnexPlugin": ["OnexKernel", "OnexPluginKit"],
  ]

  private static func module(of file: SourceTree.File) -> String {
    file.path.split(separator: "/").dropFirst().first.map(String.init) ?? ""
  }

  private static func layer(_ module: String) -> Int? { layers.firstIndex { $0.contains(module) } }

  @Test func librariesImportOnlyWhatLiesBelowThem() throws {
    let files = SourceTree.files(below: "Libraries").filter { !$0.path.hasPrefix("Libraries/C/") }
    #expect(files.count > 100)
    for file in files {
      let module = Self.module(of: file)
      guard module != "OnexPluginKit" else { continue }
      let own = try #require(Self.layer(module), "\(module) has no place in the house")
      for name in file.imports where name.hasPrefix("Onex") {
        let other = try #require(Self.layer(name), "\(file.path) imports \(name), which has no place in the house")
        #expect(other < own, "\(file.path) imports \(name), which does not lie below \(module)")
      }
    }
  }

  @Test func aPluginsFaceKnowsNothingOfTheHost() {
    for file in SourceTree.files(below: "Libraries/OnexPluginKit") {
      #expect(file.imports.filter { $0.hasPrefix("Onex") }.isEmpty, "\(file.path)")
    }
  }

  @Test func cStaysBehindItsAdapter() {
    for file in SourceTree.files(below: "Libraries") + SourceTree.files(below: "Services") {
      let module = Self.module(of: file)
      for name in file.imports {
        guard let owners = Self.owners[name] else { continue }
        #expect(owners.contains(module), "\(file.path) imports \(name), which belongs to \(owners.joined(separator: ", "))")
      }
    }
  }

  /// Foundation would cost each service some 20 MiB of its 40.
  @Test func nothingImportsFoundation() {
    for file in SourceTree.files(below: "Libraries") + SourceTree.files(below: "Services") {
      #expect(!file.imports.contains("Foundation"), "\(file.path)")
    }
  }

  @Test func theCoreDoesNoIO() {
    let allowed: Set<String> = ["Synchronization"]
    for file in SourceTree.files(below: "Libraries/OnexCore") where file.path != "Libraries/OnexCore/Time/SystemWallClock.swift" {
      #expect(Set(file.imports).subtracting(allowed).isEmpty, "\(file.path) imports \(file.imports)")
    }
  }

  @Test func onlyTestsImportTestSupport() {
    for file in SourceTree.files(below: "Libraries") + SourceTree.files(below: "Services") {
      guard Self.module(of: file) != "OnexTestSupport" else { continue }
      #expect(!file.imports.contains("OnexTestSupport"), "\(file.path)")
    }
  }

  @Test func servicesAreWiringOnly() {
    let files = SourceTree.files(below: "Services")
    #expect(files.count == 6)
    for file in files { #expect(file.lines.count <= 20, "\(file.path) has \(file.lines.count) lines") }
  }
}
