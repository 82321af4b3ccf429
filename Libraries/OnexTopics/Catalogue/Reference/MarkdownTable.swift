/// A table of GitHub's Markdown. A cell is text, in which nothing is markup.
struct MarkdownTable {
  private var lines: [String]

  init(_ header: [String]) {
    lines = [MarkdownTable.line(header), MarkdownTable.line(header.map { _ in "---" })]
  }

  mutating func add(_ cells: [String]) { lines.append(MarkdownTable.line(cells.map(MarkdownTable.escaped))) }

  /// Each line ended.
  var text: String { lines.map { $0 + "\n" }.joined() }

  private static func line(_ cells: [String]) -> String { "| " + cells.joined(separator: " | ") + " |" }

  /// Text of one line in which nothing is markup.
  static func escaped(_ cell: String) -> String {
    var text = ""
    for character in cell {
      switch character {
      case "|", "\\", "`", "*", "_", "<", "[": text += "\\\(character)"
      case _ where character.isNewline: text += " "
      default: text.append(character)
      }
    }
    return text
  }
}
