import OnexCore
import OnexKernel
import Testing

@Suite struct ContractSchemaFilesTests {
  private func problems(_ folder: ContractsFolder, schema: String) -> [String] {
    folder.write(
      "h/contract.yaml", "name: x\nhandler_class: M.T\nhandler_type: compute\ninput_schema: \(schema)\n")
    return folder.shown(folder.load().problems)
  }

  @Test(arguments: [
    "../secret.yaml", "schemas/../../secret.yaml", "/etc/passwd", "schemas/./a.yaml", "schemas//a.yaml", "h/contract.yaml",
    "schemas",
    "schemas/a.txt", "schemas/absent.yaml", "[1]", "\"schemas/a\\0.yaml\"",
  ])
  func aPathOutsideTheSchemasFolderIsRefused(path: String) {
    let folder = ContractsFolder()
    folder.write("schemas/a.yaml", "type: object\n")
    let found = problems(folder, schema: path)
    #expect(found.count == 1)
    #expect(found.first?.hasPrefix("h/contract.yaml:4:15: INVALID_FIELD: input_schema ") == true)
  }

  @Test func aLinkOutOfTheSchemasFolderIsRefusedAndOneInsideFollowed() {
    let folder = ContractsFolder()
    folder.write("elsewhere/a.yaml", "type: object\n")
    folder.write("schemas/real/a.yaml", "type: object\n")
    folder.link("schemas/out.yaml", to: "../elsewhere/a.yaml")
    folder.link("schemas/in.yaml", to: "real/a.yaml")
    #expect(problems(folder, schema: "schemas/out.yaml").first?.contains("a link out of the contracts directory") == true)
    #expect(problems(folder, schema: "schemas/in.yaml") == [])
  }

  @Test func problemsInsideASchemaFileNameThatFile() {
    let folder = ContractsFolder()
    folder.write("schemas/a.yaml", "type: object\nproperties:\n  a: {tpye: string}\n")
    folder.write("schemas/b.json", "{\n  \"type\": \"object\",\n  \"minItems\": -1\n}\n")
    folder.write("schemas/c.json", "{\"a\": \n  nope}")
    #expect(
      problems(folder, schema: "schemas/a.yaml") == [
        "schemas/a.yaml:3:7: UNKNOWN_FIELD: schema /properties/a/tpye: \"tpye\" is not a known keyword; did "
          + "you mean \"type\"?"
      ])
    #expect(
      problems(folder, schema: "schemas/b.json") == [
        "schemas/b.json:3:3: INVALID_FIELD: schema /minItems: must be an integer of 0 or more"
      ])
    #expect(problems(folder, schema: "schemas/c.json").first?.contains("INVALID_YAML") == true)
  }

  @Test func aSchemaFileOverTheLimitIsNotRead() {
    let folder = ContractsFolder()
    folder.write("schemas/a.yaml", "type: object #" + String(repeating: "x", count: 2000))
    folder.write("h/contract.yaml", "name: x\nhandler_class: M.T\nhandler_type: compute\ninput_schema: schemas/a.yaml\n")
    #expect(folder.load(limits: ContractLimits(fileBytesMax: 1000)).problems.map(\.code) == [.fileTooLarge])
  }
}
