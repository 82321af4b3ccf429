/// The text of a `COPY … FROM STDIN`, which takes no parameters: names are quoted here.
enum CopyStatement {
  /// - Parameter table: with its schema before a dot, or without.
  static func sql(into table: String, columns: [String]) -> String {
    let name = table.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false).map(quoted).joined(separator: ".")
    return "COPY \(name) (\(columns.map(quoted).joined(separator: ", "))) FROM STDIN (FORMAT binary)"
  }

  /// A quoted identifier (PostgreSQL documentation, section 4.1.1): only its own quotes mean something inside.
  private static func quoted(_ name: some StringProtocol) -> String {
    "\"" + String(name).replacing("\"", with: "\"\"") + "\""
  }
}
