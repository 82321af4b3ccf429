import OnexCommandLine
import OnexCore

/// How results are printed: a table for people, JSON or YAML for machines.
enum OutputFormat {
  case table, json, yaml

  static let flags = ["--json", "--yaml"]

  init(_ arguments: ArgumentSet) throws(ArgumentSet.Misuse) {
    switch (arguments.has("--json"), arguments.has("--yaml")) {
    case (true, true): throw ArgumentSet.Misuse(message: "--json and --yaml do not go together")
    case (true, false): self = .json
    case (false, true): self = .yaml
    case (false, false): self = .table
    }
  }

  /// - Parameter table: nothing is printed when it is empty.
  func print(_ document: @autoclosure () -> JSONValue, table: @autoclosure () -> String, _ terminal: Terminal) {
    switch self {
    case .json: terminal.print(IndentedJSON.text(document()))
    case .yaml: terminal.print(String(IndentedYAML.text(document()).dropLast()))
    case .table:
      let text = table()
      if !text.isEmpty { terminal.print(text) }
    }
  }
}
