import Glibc
import OnexCore
import Testing

@testable import OnexKernel

/// What each way of being no plug-in gets, and that it costs the others nothing.
@Suite(.timeLimit(.minutes(2))) struct PluginDirectoryTests {
  private static let answer = "succeed(complete, context, \"{}\"); return 0;"

  @Test func anAbsentDirectoryIsAnEmptyOne() {
    let found = PluginDirectory.load("/nonexistent/plugins")
    #expect(found.modules.isEmpty)
    #expect(found.failures.isEmpty)
  }

  @Test func aDirectoryThatCannotBeReadIsAFailure() throws {
    let folder = try TemporaryFolder()
    try folder.write("plugins", "a file")
    let found = PluginDirectory.load("\(folder.path)/plugins")
    #expect(found.failures.map(\.file) == ["\(folder.path)/plugins"])
    #expect(found.failures[0].error.message == "the plug-in directory cannot be read: Not a directory")
  }

  @Test func goodPluginsAreLoadedBesideBrokenOnes() async throws {
    let plugins = try CPlugins()
    try plugins.folder.write("libAbsurd.so", "not a library")
    try plugins.folder.write("README.md", "no plug-in, and none expected")
    try plugins.build("Good", start: PluginDirectoryTests.answer)
    let found = plugins.load()
    #expect(found.failures.map(\.file) == ["\(plugins.folder.path)/libAbsurd.so"])
    #expect(found.modules.map(\.name) == ["Good", "Absurd"])
    #expect(try await PluginStage(found, "Good.Answer").answer() == "{}")
  }

  @Test func aContractThatNamesABrokenFileIsToldWhy() throws {
    let plugins = try CPlugins()
    try plugins.folder.write("libAbsurd.so", "not a library")
    let error = #expect(throws: HandlerLoadError.self) { try PluginStage(plugins.load(), "Absurd.Answer") }
    #expect(error?.code == .importError)
    #expect(error?.message.contains("libAbsurd.so: ") == true)
    #expect(error?.message.contains("file too short") == true || error?.message.contains("invalid ELF header") == true)
  }

  @Test func anUnknownModuleAndAnUnknownTypeAreToldApart() throws {
    let plugins = try CPlugins()
    try plugins.build("Good", start: PluginDirectoryTests.answer)
    let found = plugins.load()
    let module = #expect(throws: HandlerLoadError.self) { try PluginStage(found, "Other.Answer") }
    #expect(module?.code == .moduleNotFound)
    let type = #expect(throws: HandlerLoadError.self) { try PluginStage(found, "Good.Question") }
    #expect(type?.code == .classNotFound)
    #expect(type?.message.contains("it has: Answer") == true)
  }

  @Test func aLibraryWithoutTheSymbolIsNoPlugin() throws {
    let plugins = try CPlugins()
    try plugins.build("Silent", "int silent;")
    #expect(try failure(plugins).contains("does not export onex_plugin_entry_v1"))
  }

  @Test func aLibraryWhoseSymbolsAreMissingSaysWhich() throws {
    let plugins = try CPlugins()
    try plugins.build(
      "Unlinked", "void absent_elsewhere(void); const void *onex_plugin_entry_v1(void) { absent_elsewhere(); return 0; }")
    #expect(try failure(plugins).contains("absent_elsewhere"))
  }

  @Test(arguments: [
    ("Null", "return 0;", "returned NULL"),
    ("Newer", "plugin.abi_version = 2;", "built for plug-in interface version 2; this runtime speaks version 1"),
    ("Short", "plugin.struct_size = 8;", "has struct_size 8; version 1 has at least 48"),
    ("Nameless", "plugin.module = 0;", "the descriptor's module is no identifier"),
    ("Dotted", "plugin.module = \"A.B\";", "the descriptor's module is no identifier"),
    ("Empty", "plugin.handler_count = 0;", "names 0 handlers; 1 to 1024 are allowed"),
    ("Twice", withHandlers("&handler, &handler", count: 2), "two handlers are called Answer"),
    ("Partial", withHandlers("&changed", "changed.cancel = 0;"), "the handler Answer lacks a function"),
    ("Untyped", withHandlers("&changed", "changed.type_name = \"a b\";"), "the type name of handler 0 is no Swift type name"),
    ("Stunted", withHandlers("&changed", "changed.struct_size = 16;"), "has struct_size 16; version 1 has at least 64"),
  ])
  func aDescriptorThatBreaksTheInterfaceIsRefused(module: String, descriptor: String, message: String) throws {
    let plugins = try CPlugins()
    try plugins.build(module, start: PluginDirectoryTests.answer, plugin: descriptor)
    #expect(try failure(plugins).contains(message))
    let error = #expect(throws: HandlerLoadError.self) { try PluginStage(plugins.load(), "\(module).Answer") }
    #expect(error?.code == .importError)
  }

  @Test func theSecondFileOfAModuleIsRefused() throws {
    let plugins = try CPlugins()
    try plugins.build("Second", start: PluginDirectoryTests.answer, plugin: "plugin.module = \"First\";")
    try plugins.build("First", start: PluginDirectoryTests.answer)
    let found = plugins.load()
    #expect(found.failures.map(\.file) == ["\(plugins.folder.path)/libSecond.so"])
    #expect(
      found.failures[0].error.message == "module First is already provided by \(plugins.folder.path)/libFirst.so")
  }

  @Test func aHandlerThatCannotBeMadeGivesItsOwnReason() throws {
    let plugins = try CPlugins()
    try plugins.build(
      "Refusing", start: PluginDirectoryTests.answer, create: "report(rc, text(\"no model file at /x\")); return 3;")
    let error = #expect(throws: HandlerLoadError.self) { try PluginStage(plugins.load(), "Refusing.Answer") }
    #expect(error?.code == .importError)
    #expect(error?.message.hasSuffix("could not be made: no model file at /x") == true)
  }

  private static func withHandlers(_ list: String, _ change: String = "", count: Int = 1) -> String {
    """
    static onex_handler_v1 changed; changed = handler; \(change)
    static const onex_handler_v1 *const others[] = {\(list)};
    plugin.handlers = others; plugin.handler_count = \(count);
    """
  }

  private func failure(_ plugins: CPlugins) throws -> String {
    let failures = plugins.load().failures
    #expect(failures.allSatisfy { $0.error.code == .importError })
    return try #require(failures.first).error.message
  }

  @Test(arguments: [0o775, 0o757, 0o777] as [mode_t])
  func whatOthersCanWriteToIsNotLoaded(mode: mode_t) throws {
    let plugins = try CPlugins()
    let file = try plugins.build("Good", start: PluginDirectoryTests.answer)
    chmod(file, mode)
    #expect(try failure(plugins).contains("can be written to by its group or by others"))
    chmod(file, 0o755)
    chmod(plugins.folder.path, mode)
    let found = plugins.load()
    #expect(found.modules.isEmpty && found.failures.map(\.file) == [plugins.folder.path])
  }

  @Test func aLinkInTheDirectoryIsNotLoaded() throws {
    let (plugins, elsewhere) = (try CPlugins(), try CPlugins())
    let file = try elsewhere.build("Good", start: PluginDirectoryTests.answer)
    #expect(symlink(file, "\(plugins.folder.path)/libGood.so") == 0)
    #expect(try failure(plugins).contains("not a link"))
  }

  @Test func noCodeOfAnUntrustedNamespaceRuns() throws {
    let plugins = try CPlugins()
    let trace = "\(plugins.folder.path)/trace"
    let constructor = "__attribute__((constructor)) static void ran(void) { fclose(fopen(\"\(trace)\", \"w\")); }"
    try plugins.build("Foreign", start: PluginDirectoryTests.answer, globals: constructor)
    let found = PluginDirectory.load(plugins.folder.path, trustedNamespaces: ["OnexCompute", "Foreigners", "Fore"])
    #expect(found.failures.map(\.error.code) == [.namespaceNotTrusted])
    #expect(access(trace, F_OK) != 0)
    for trusted in ["Foreign", "Foreign.Answer"] {
      #expect(PluginDirectory.load(plugins.folder.path, trustedNamespaces: [trusted]).modules.map(\.name) == ["Foreign"])
    }
    #expect(access(trace, F_OK) == 0)
  }

  @Test func aFileThatHoldsAnotherModuleThanItsNameSaysIsRefused() throws {
    let plugins = try CPlugins()
    let file = try plugins.build("Other", start: PluginDirectoryTests.answer)
    #expect(rename(file, "\(plugins.folder.path)/libTrusted.so") == 0)
    let found = PluginDirectory.load(plugins.folder.path, trustedNamespaces: ["Trusted"])
    #expect(found.failures.map(\.error.code) == [.namespaceNotTrusted])
  }
}
