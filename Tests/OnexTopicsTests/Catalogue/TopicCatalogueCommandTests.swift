import Glibc
import OnexCommandLine
import OnexCore
import Testing

@testable import OnexTopics

@Suite struct TopicCatalogueCommandTests {
  private struct Result {
    let code: Int32
    let output: String
    let errors: String
  }

  private func run(_ arguments: String...) -> Result { run(arguments) }

  private func run(_ arguments: [String]) -> Result {
    var (output, errors) = ("", "")
    let (isGraph, rest) = (arguments[0] == "graph", Array(arguments.dropFirst()))
    do throws(ArgumentSet.Misuse) {
      let set = try ArgumentSet(rest, isGraph ? GraphCommand.grammar : CatalogueCommand.grammar)
      let folder = set.values["--dir"] ?? contracts
      let code =
        isGraph
        ? try GraphCommand.run(set, contracts: folder, output: { output += $0 }, errors: { errors += $0 })
        : try CatalogueCommand.run(set, contracts: folder, output: { output += $0 }, errors: { errors += $0 })
      return Result(code: code.rawValue, output: output, errors: errors)
    } catch {
      return Result(code: TopicExit.usage.rawValue, output: "", errors: error.message)
    }
  }

  private func withFolder(_ body: (String) throws -> Void) throws {
    var name = Array("/tmp/onex-catalogue.XXXXXX".utf8CString)
    let folder = try #require(mkdtemp(&name).map { String(cString: $0) })
    defer {
      for file in ["topics.md", "asyncapi.yaml", "handler_contract.yaml"] { unlink("\(folder)/\(file)") }
      rmdir(folder)
    }
    try body(folder)
  }

  private let contracts = CatalogueScene.root + "/contracts"

  @Test func whatWasWrittenIsFreshAndWhatWasChangedIsNamed() throws {
    try withFolder { folder in
      let missing = run("catalogue", "--check", "--dir", contracts, "--docs", folder)
      #expect(
        missing.code == 1 && missing.errors.contains("\(folder)/topics.md") && missing.errors.contains("\(folder)/asyncapi.yaml"))
      #expect(missing.errors.contains("topic-manager catalogue --write"))
      let written = run("catalogue", "--write", "--dir", contracts, "--docs=\(folder)")
      #expect(written.code == 0 && written.output.contains("topics.md written"))
      #expect(run("catalogue", "--write", "--dir", contracts, "--docs", folder).output.isEmpty)
      #expect(run("catalogue", "--check", "--dir", contracts, "--docs", folder).code == 0)
      #expect(CatalogueFile(path: folder + "/topics.md").write("other") == nil)
      let stale = run("catalogue", "--check", "--dir", contracts, "--docs", folder)
      #expect(stale.code == 1 && stale.errors.contains("topics.md") && !stale.errors.contains("asyncapi.yaml"))
    }
  }

  @Test func aFolderThatDoesNotExistIsSaid() {
    let result = run("catalogue", "--write", "--dir", contracts, "--docs", "/nowhere/at/all")
    #expect(result.code == 1 && result.errors.contains("/nowhere/at/all/topics.md") && result.errors.contains("No such file"))
  }

  @Test func badContractsAreToldWithTheirPlacesAndNothingIsDrawn() throws {
    try withFolder { folder in
      let file = folder + "/handler_contract.yaml"
      #expect(CatalogueFile(path: file).write("handler_name: h\nhandler_class: M.T\nhandler_type: magic\ntags: 3\n") == nil)
      for arguments in [["graph"], ["catalogue", "--check", "--docs", folder], ["catalogue", "--write", "--docs", folder]] {
        let result = run(arguments + ["--dir", folder])
        #expect(result.code == 1 && result.output.isEmpty)
        #expect(
          result.errors.contains("\(file):3:15: INVALID_FIELD") && result.errors.contains("\(file):4:7: INVALID_FIELD"),
          "\(result.errors)")
      }
    }
  }

  @Test func theGraphsFormatIsChosen() {
    #expect(run("graph", "--dir", contracts).output.hasPrefix("flowchart LR\n"))
    #expect(run("graph", "--format=dot", "--dir", contracts).output.hasPrefix("digraph topics {\n"))
  }

  @Test(arguments: [
    ["graph", "--format", "png"], ["graph", "--format"], ["graph", "--write"], ["graph", "now"], ["catalogue"],
    ["catalogue", "--write", "--check"], ["catalogue", "--check", "--format", "dot"],
  ])
  func misuseIsTwo(arguments: [String]) {
    let result = run(arguments)
    #expect(result.code == 2 && !result.errors.isEmpty)
  }
}
