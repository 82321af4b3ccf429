import Glibc
import OnexCore
import OnexKernel

/// The environment, completed by the local stack's `stack.env` where that is the only one who knows the broker.
struct StackEnvironment: Sendable {
  private static let parentsMax = 32

  /// The file that was used, for `--verbose`.
  let file: String?
  private let values: [String: String]

  /// Variables of the process win. The file is looked for in `ONEX_LOCAL_DIR`, then as `.local/stack.env` from the current
  /// folder upwards.
  init(process: [String: String], currentFolder: String) {
    guard process["KAFKA_BOOTSTRAP_SERVERS"] == nil,
      let path = StackEnvironment.candidates(process, currentFolder).first(where: { access($0, R_OK) == 0 }),
      case .success(let text) = DeclarationFiles.read(path)
    else {
      file = nil
      values = process
      return
    }
    file = path
    values = StackEnvironment.parse(text.text).merging(process) { _, own in own }
  }

  subscript(_ name: String) -> String? { values[name] }

  var all: [String: String] { values }

  private static func candidates(_ process: [String: String], _ folder: String) -> [String] {
    if let own = process["ONEX_LOCAL_DIR"] { return [own + "/stack.env"] }
    var folders = folder.split(separator: "/")[...]
    var paths: [String] = []
    while paths.count < parentsMax {
      paths.append("/" + folders.joined(separator: "/") + "/.local/stack.env")
      if folders.popLast() == nil { break }
    }
    return paths
  }

  /// `export NAME=value` or `NAME=value`; a value may stand in single quotes, where `'\''` is a quote.
  static func parse(_ text: String) -> [String: String] {
    var values: [String: String] = [:]
    for line in text.split(separator: "\n") {
      let assignment = line.hasPrefix("export ") ? line.dropFirst("export ".count) : line
      guard let equals = assignment.firstIndex(of: "="), !assignment.hasPrefix("#") else { continue }
      values[String(assignment[..<equals])] = unquote(assignment[assignment.index(after: equals)...])
    }
    return values
  }

  /// What a shell makes of single quotes and backslashes.
  private static func unquote(_ text: Substring) -> String {
    var plain = ""
    var isQuoted = false
    var rest = text
    while let character = rest.popFirst() {
      switch character {
      case "'": isQuoted.toggle()
      case "\\" where !isQuoted: if let next = rest.popFirst() { plain.append(next) }
      default: plain.append(character)
      }
    }
    return plain
  }
}
