import OnexService
import Testing

@Suite struct SettingTests {
  private static let port = Setting.integer("PORT", default: 8085, range: 1...65535, help: "A port.").fallback("OLD_PORT")
  private static let required = Setting.text("NAME", default: nil, help: "A name.")
  private static let token = Setting.optionalText("TOKEN", secret: true, help: "A token.")
  private static let mode = Setting.choice("MODE", of: ["Fast", "Slow"], default: "Fast", help: "A mode.")
  private static let servers = Setting.list("SERVERS", default: ["a:1"], help: "Servers.")
  private static let debug = Setting.flag("DEBUG", default: false, help: "A switch.")

  private func load(_ values: [String: String], _ settings: (any AnySetting)...) throws -> Configuration {
    try Configuration.load([SettingGroup(title: "test", settings: settings)], from: EnvironmentVariables(values))
  }

  private func problems(_ values: [String: String], _ settings: (any AnySetting)...) -> [ConfigurationProblem] {
    do {
      _ = try Configuration.load([SettingGroup(title: "test", settings: settings)], from: EnvironmentVariables(values))
      return []
    } catch {
      return error.problems
    }
  }

  @Test func anAbsentVariableHasItsDefault() throws {
    let configuration = try load([:], Self.port, Self.token, Self.mode, Self.servers, Self.debug)
    #expect(configuration[Self.port] == 8085)
    #expect(configuration[Self.token] == nil)
    #expect(configuration[Self.mode] == "Fast")
    #expect(configuration[Self.servers] == ["a:1"])
    #expect(configuration[Self.debug] == false)
  }

  @Test func anEmptyVariableCountsAsAbsent() throws {
    let configuration = try load(["PORT": "", "TOKEN": "", "OLD_PORT": "9"], Self.port, Self.token)
    #expect(configuration[Self.port] == 9)
    #expect(configuration[Self.token] == nil)
  }

  @Test func theOwnNameWinsOverAFallback() throws {
    #expect(try load(["PORT": "1", "OLD_PORT": "2"], Self.port)[Self.port] == 1)
    let fallen = try load(["OLD_PORT": "2"], Self.port)
    #expect(fallen[Self.port] == 2)
    #expect(fallen.entry("PORT")?.variable == "OLD_PORT")
  }

  @Test(arguments: ["0", "65536", "-1", "1.5", " 80", "80 ", "0x50", "eighty", "99999999999999999999"])
  func aNumberOutsideItsRangeOrNotWholeIsRefused(text: String) {
    let expected = ConfigurationProblem(variable: "PORT", value: text, allowed: "a whole number from 1 to 65535")
    #expect(problems(["PORT": text], Self.port) == [expected])
  }

  @Test func aProblemNamesTheVariableThatHoldsTheValue() {
    #expect(problems(["OLD_PORT": "x"], Self.port).map(\.variable) == ["OLD_PORT"])
  }

  @Test func aRequiredVariableMustBeSet() {
    #expect(problems([:], Self.required) == [ConfigurationProblem(variable: "NAME", allowed: "any text; required")])
  }

  @Test func aChoiceIsComparedWithoutCaseAndSpelledAsDeclared() throws {
    #expect(try load(["MODE": "SLOW"], Self.mode)[Self.mode] == "Slow")
    #expect(problems(["MODE": "medium"], Self.mode).map(\.allowed) == ["one of Fast, Slow"])
  }

  @Test(arguments: [("true", true), ("TRUE", true), ("1", true), ("on", true), ("no", false), ("0", false), ("False", false)])
  func aFlagUnderstandsTheUsualWords(text: String, value: Bool) throws {
    #expect(try load(["DEBUG": text], Self.debug)[Self.debug] == value)
  }

  @Test func aListIsSplitAtCommasAndRefusesEmptyElements() throws {
    #expect(try load(["SERVERS": "a:1, b:2 ,c:3"], Self.servers)[Self.servers] == ["a:1", "b:2", "c:3"])
    #expect(problems(["SERVERS": "a:1,,b:2"], Self.servers).count == 1)
  }

  @Test func allProblemsAreReportedAtOnce() {
    let found = problems(["PORT": "x", "MODE": "y", "DEBUG": "z"], Self.port, Self.mode, Self.debug, Self.required)
    #expect(found.map(\.variable) == ["PORT", "MODE", "DEBUG", "NAME"])
  }

  @Test func aSecretIsNeverShown() throws {
    let configuration = try load(["TOKEN": "hunter2"], Self.token)
    #expect(configuration[Self.token] == "hunter2")
    #expect(configuration.entry("TOKEN")?.shown == "***")
    #expect(problems(["TOKEN": "__REPLACE_WITH_TOKEN__"], Self.token).map(\.value) == ["***"])
  }

  @Test(arguments: ["__REPLACE_WITH_NAME__", "postgres://u:__REPLACE_WITH_PASSWORD__@h/d", "x__REPLACE_WITH___y"])
  func aPlaceholderIsRefusedWhereverItStands(text: String) {
    #expect(problems(["NAME": text], Self.required).map(\.variable) == ["NAME"])
    let unread = problems(["UNREAD": text], Self.port)
    #expect(unread.map(\.variable) == ["UNREAD"])
    #expect(unread.map(\.value) == ["***"])
  }

  @Test(arguments: ["REPLACE_WITH_NAME", "__REPLACE_WITH_", "__REPLACE_WITH_NAME_", "__replaced__"])
  func whatOnlyLooksLikeAPlaceholderIsAValue(text: String) throws {
    #expect(try load(["NAME": text], Self.required)[Self.required] == text)
  }
}
