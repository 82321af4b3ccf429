import Testing

/// Rules of form that a reader feels.
@Suite struct ShapeTests {
  private static let sources = SourceTree.files(below: "Libraries") + SourceTree.files(below: "Services")

  @Test func noFileNeedsScrollingToBeUnderstood() {
    for file in Self.sources { #expect(file.lines.count <= 500, "\(file.path) has \(file.lines.count) lines") }
  }

  @Test func noFunctionIsLongerThanSeventyLines() {
    for file in Self.sources {
      var start: (line: Int, indent: Substring)?
      for (number, line) in file.lines.enumerated() {
        let indent = line.prefix { $0 == " " }
        if start == nil, line.hasSuffix("{"), line.contains("func ") || line.contains(" init(") {
          start = (number, indent)
        } else if let open = start, line == open.indent + "}" {
          #expect(number - open.line <= 70, "\(file.path):\(open.line + 1) is \(number - open.line) lines long")
          start = nil
        }
      }
    }
  }

  @Test func noNamesThatSayNothing() {
    let empty = ["Manager", "Helper", "Util", "Common", "Base"]
    // These are the names of services and of settings that the outside world knows.
    let known = ["TopicManager", "CommonSettings"]
    for file in Self.sources {
      let name = String(file.path.split(separator: "/").last?.dropLast(".swift".count) ?? "")
      guard !known.contains(name), !name.hasPrefix("Base64") else { continue }
      for word in empty { #expect(!name.contains(word), "\(file.path)") }
    }
  }

  @Test func nothingUnfinishedIsLeftBehind() {
    let marks = ["TO" + "DO", "FIX" + "ME", "fatal" + "Error(", "try" + "! ", "as" + "! ", " print" + "(\""]
    for file in Self.sources {
      for (number, line) in file.lines.enumerated() {
        for mark in marks { #expect(!line.contains(mark), "\(file.path):\(number + 1) has \(mark)") }
      }
    }
  }
}
