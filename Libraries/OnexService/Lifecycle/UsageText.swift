import OnexCommandLine

/// `--help`.
enum UsageText {
  static func text<S: Service>(of service: S.Type) -> String {
    var text = "Usage: \(S.name) [option]\n"
    if !S.summary.isEmpty { text += "\n\(S.summary)\n" }
    text += "\nOptions\n" + options(S.flags)
    for group in S.allGroups where !group.settings.isEmpty {
      text += "\nEnvironment: \(group.title)\n" + settings(group.settings)
    }
    return text + "\nExit codes\n" + exitCodes
  }

  private static func options(_ flags: [ServiceFlag]) -> String {
    var table = TextTable(["OPTION", "MEANING"])
    for flag in flags { table.add([flag.name, flag.help]) }
    table.add(["--check-config", "Check the configuration and start nothing: exit code 0 or 78."])
    table.add(["--print-config [--json]", "Print every setting, its value and where it comes from; secrets are masked."])
    table.add(["--version", "Print the version."])
    table.add(["--help, -h", "Print this."])
    return table.text
  }

  private static func settings(_ settings: [any AnySetting]) -> String {
    var table = TextTable(["VARIABLE", "DEFAULT", "MEANING"])
    for setting in settings {
      let allowed = setting.allowed == "any text" ? "" : " Allowed: \(setting.allowed)."
      let also = setting.fallbacks.isEmpty ? "" : " Also read from \(setting.fallbacks.joined(separator: ", "))."
      let shown = setting.isSecret && setting.defaultText != nil ? ConfigurationProblem.masked : setting.defaultText
      table.add([setting.name, shown ?? "-", setting.help + allowed + also])
    }
    return table.text
  }

  private static var exitCodes: String {
    var table = TextTable(["CODE", "MEANING"])
    table.add(["0", "Ended as asked, with everything in flight finished."])
    table.add(["64", "An argument that does not exist."])
    table.add(["69", "Something needed is not available: the health port, a dependency that was not waited for."])
    table.add(["70", "An internal error, work left over after ONEX_DRAIN_TIMEOUT_SECONDS, or a second signal."])
    table.add(["78", "Invalid configuration; every problem is printed."])
    return table.text
  }
}
