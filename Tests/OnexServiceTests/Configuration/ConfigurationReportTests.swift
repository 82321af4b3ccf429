import OnexCore
import OnexJSON
import Testing

@testable import OnexService

@Suite struct ConfigurationReportTests {
  @Test func problemsAreATableOfVariableValueAndWhatIsAllowed() {
    let invalid = InvalidConfiguration([
      ConfigurationProblem(variable: "ONEX_DRAIN_TIMEOUT_SECONDS", value: "abc", allowed: "a whole number from 0 to 3600"),
      ConfigurationProblem(variable: "NAME", allowed: "any text; required"),
    ])
    #expect(
      ConfigurationReport.problems(invalid, service: "runtime-worker") == """
        runtime-worker: 2 configuration problems; nothing was started

          VARIABLE                    VALUE      ALLOWED
          ONEX_DRAIN_TIMEOUT_SECONDS  abc        a whole number from 0 to 3600
          NAME                        (not set)  any text; required

        """)
  }

  @Test func aHostileValueCannotActOnTheTerminal() {
    let invalid = InvalidConfiguration([
      ConfigurationProblem(variable: "A", value: "\u{1B}[2Jx\ny" + String(repeating: "z", count: 200), allowed: "b")
    ])
    let text = ConfigurationReport.problems(invalid, service: "s")
    #expect(!text.contains("\u{1B}") && text.contains("\\u001b[2Jx\\u000ay") && text.contains("…"))
    #expect(text.split(separator: "\n").allSatisfy { $0.count < 120 })
  }

  @Test func effectiveValuesComeWithTheirSourceAndWithoutSecrets() throws {
    let setting = Setting.integer("PORT", default: 1, range: 0...9, help: "").fallback("OLD")
    let token = Setting.optionalText("TOKEN", secret: true, help: "")
    let group = SettingGroup(title: "", settings: [setting, token, Setting.optionalText("NONE", help: "")])
    let configuration = try Configuration.load([group], from: EnvironmentVariables(["OLD": "2", "TOKEN": "hunter2"]))
    #expect(
      ConfigurationReport.effective(configuration) == """
          VARIABLE  VALUE  SOURCE
          PORT      2      environment (OLD)
          TOKEN     ***    environment
          NONE             unset

        """)
    let json = try JSONValue.parse(
      Bytes(ConfigurationReport.effectiveJSON(configuration, service: "probe", version: "1")))
    #expect(json["service"] == "probe")
    #expect(json["settings"]?.array?[0] == ["name": "PORT", "value": "2", "source": "environment (OLD)", "secret": false])
    #expect(json["settings"]?.array?[1]["value"] == "***")
    #expect(json["settings"]?.array?[2]["value"] == .null)
  }
}
