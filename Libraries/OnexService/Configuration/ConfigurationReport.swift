import OnexCommandLine
import OnexCore
import OnexJSON

/// Configuration as an operator reads it.
enum ConfigurationReport {
  /// Every problem as a table.
  static func problems(_ invalid: InvalidConfiguration, service: String) -> String {
    var table = TextTable(["VARIABLE", "VALUE", "ALLOWED"])
    for problem in invalid.problems { table.add([problem.variable, problem.value, problem.allowed]) }
    let count = invalid.problems.count
    return "\(service): \(count) configuration \(count == 1 ? "problem" : "problems"); nothing was started\n\n\(table.text)"
  }

  /// `--print-config`.
  static func effective(_ configuration: Configuration) -> String {
    var table = TextTable(["VARIABLE", "VALUE", "SOURCE"])
    for entry in configuration.entries { table.add([entry.name, entry.shown ?? "", source(entry)]) }
    return table.text
  }

  /// `--print-config --json`.
  static func effectiveJSON(_ configuration: Configuration, service: String, version: String) -> String {
    var writer = JSONWriter(capacity: 4096)
    writer.beginObject()
    writer.name("service")
    writer.string(service)
    writer.name("version")
    writer.string(version)
    writer.name("settings")
    writer.beginArray()
    for entry in configuration.entries {
      writer.beginObject()
      writer.name("name")
      writer.string(entry.name)
      writer.name("value")
      if let shown = entry.shown { writer.string(shown) } else { writer.null() }
      writer.name("source")
      writer.string(source(entry))
      writer.name("secret")
      writer.boolean(entry.isSecret)
      writer.endObject()
    }
    writer.endArray()
    writer.endObject()
    return writer.finish().text + "\n"
  }

  private static func source(_ entry: ResolvedSetting) -> String {
    switch entry.source {
    case .environment(let variable): variable == entry.name ? "environment" : "environment (\(variable))"
    case .default: "default"
    case .unset: "unset"
    }
  }
}
