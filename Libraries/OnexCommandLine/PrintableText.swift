/// Makes text from outside harmless for a terminal. `Terminal` applies it to everything that it prints.
///
/// A character that acts on a terminal, or that changes the order or the lines of what a person reads, becomes its escape in JSON's
/// notation (`\u001b`). JSON holds such characters inside strings only, and reads the escape as the same character: printed JSON
/// stays exact.
public enum PrintableText {
  /// - Parameter keepsLines: line feeds and tabs stay as they are, for text of several lines. Otherwise they are escaped too, so that a
  ///   value cannot begin a line of its own.
  public static func of(_ text: String, keepsLines: Bool = false) -> String {
    guard text.unicodeScalars.contains(where: { isActive($0) && !(keepsLines && isLayout($0)) }) else { return text }
    var clean = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      if isActive(scalar), !(keepsLines && isLayout(scalar)) {
        clean.append(contentsOf: escape(scalar).unicodeScalars)
      } else {
        clean.append(scalar)
      }
    }
    return String(clean)
  }

  private static func isLayout(_ scalar: Unicode.Scalar) -> Bool { scalar == "\n" || scalar == "\t" }

  /// C0, DEL and C1 (ECMA-48); the line and paragraph separators; the marks, embeddings, overrides and isolates of the bidirectional
  /// algorithm (UAX #9) with their deprecated relatives; the byte order mark; interlinear annotation.
  static func isActive(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0...0x1F, 0x7F...0x9F, 0x061C, 0x200E...0x200F, 0x2028...0x202E, 0x2066...0x206F, 0xFEFF, 0xFFF9...0xFFFB: true
    default: false
    }
  }

  /// All of them have at most four digits.
  private static func escape(_ scalar: Unicode.Scalar) -> String {
    let digits = String(scalar.value, radix: 16)
    return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
  }
}

/// Text of a program for a terminal: its own words, its colours, and values, which are made printable as they are put in.
///
/// Only the words between values are taken as they are. A value is one line, unless it is put in as `\(lines: value)`.
public struct TerminalText: Sendable, Equatable, ExpressibleByStringInterpolation, CustomStringConvertible {
  public private(set) var description: String

  public init(stringLiteral value: String) { description = value }
  public init(stringInterpolation: StringInterpolation) { description = stringInterpolation.text }

  /// Text of several lines, whose parts may come from outside.
  public init(lines text: String) { description = PrintableText.of(text, keepsLines: true) }

  /// A control sequence for the terminal. Only this module writes one.
  init(trusted text: String) { description = text }

  public static func + (left: TerminalText, right: TerminalText) -> TerminalText {
    TerminalText(trusted: left.description + right.description)
  }

  public static func += (left: inout TerminalText, right: TerminalText) { left.description += right.description }

  public struct StringInterpolation: StringInterpolationProtocol {
    fileprivate var text = ""

    public init(literalCapacity: Int, interpolationCount: Int) { text.reserveCapacity(literalCapacity) }

    public mutating func appendLiteral(_ literal: String) { text += literal }
    public mutating func appendInterpolation(_ text: TerminalText) { self.text += text.description }
    public mutating func appendInterpolation(_ value: some CustomStringConvertible) {
      text += PrintableText.of(value.description)
    }
    public mutating func appendInterpolation(lines value: String) { text += PrintableText.of(value, keepsLines: true) }
  }
}

extension Sequence<TerminalText> {
  public func joined(separator: TerminalText = "") -> TerminalText {
    TerminalText(trusted: map(\.description).joined(separator: separator.description))
  }
}
