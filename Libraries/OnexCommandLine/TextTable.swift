/// Columns as wide as their widest cell, for a terminal. A cell is one line, whatever it holds.
public struct TextTable {
  /// Longer cells are cut, so that one odd value does not spread the table over the screen.
  private static let cellCharactersMax = 72

  private var rows: [[String]]

  public init(_ header: [String]) { rows = [header.map { PrintableText.of($0) }] }

  public mutating func add(_ cells: [String]) { rows.append(cells.map { PrintableText.of($0) }) }

  /// Indented by two, each line ended. The last column is not cut: it is the text to be read.
  public var text: String {
    let columns = rows.first?.count ?? 0
    let widths = (0..<columns).map { column in
      rows.map { min($0[column].count, TextTable.cellCharactersMax) }.max() ?? 0
    }
    var text = ""
    for row in rows {
      text += " "
      for (column, cell) in row.enumerated() {
        let isLast = column == columns - 1
        let shown = !isLast && cell.count > widths[column] ? cell.prefix(widths[column] - 1) + "…" : cell[...]
        text += " " + shown
        if !isLast { text += String(repeating: " ", count: widths[column] - shown.count + 1) }
      }
      text += "\n"
    }
    return text
  }
}
