import OnexCommandLine
import Synchronization
import Testing

@Suite struct TerminalTests {
  /// Every character that acts on a terminal or changes the order or the lines of text, and a few that look like them and do not.
  private static let active =
    Array(0...0x1F) + Array(0x7F...0x9F) + [
      0x061C, 0x200E, 0x200F, 0x2028, 0x2029, 0x202A, 0x202B, 0x202C, 0x202D, 0x202E, 0x2066, 0x2067, 0x2068, 0x2069, 0xFEFF,
    ]

  static func isHarmless(_ text: String, keepsLines: Bool = false) -> Bool {
    text.unicodeScalars.allSatisfy { scalar in
      (keepsLines && (scalar == "\n" || scalar == "\t")) || !active.contains(Int(scalar.value))
    }
  }

  private func printed(hasColours: Bool = false, _ body: (Terminal) -> Void) -> String {
    let text = Mutex("")
    body(Terminal(hasColours: hasColours) { _, part in text.withLock { $0 += part } })
    return text.withLock { $0 }
  }

  @Test func everyActiveCharacterBecomesItsEscape() throws {
    for value in TerminalTests.active {
      let scalar = try #require(Unicode.Scalar(UInt32(value)))
      let digits = String(value, radix: 16)
      let escape = "a\\u" + String(repeating: "0", count: 4 - digits.count) + digits + "b"
      #expect(PrintableText.of("a\(scalar)b") == escape)
      let output = printed { $0.print("a\(scalar)b") }
      #expect(output == (value == 9 || value == 10 ? "a\(scalar)b\n" : escape + "\n"))
    }
  }

  @Test func otherTextStaysAsItIs() {
    for text in ["", "plain", "é e\u{301} 日本語 👩‍👩‍👧 שלום مرحبا", "a\u{200D}b\u{200C}c\u{A0}\u{2011}", "\\u001b", "\u{FFFD}"] {
      #expect(PrintableText.of(text) == text)
    }
  }

  /// A CRLF is one character of Swift's; a combining mark joins what is before it.
  @Test func charactersOfSeveralScalarsAreLookedIntoToo() {
    #expect(PrintableText.of("a\r\nb") == "a\\u000d\\u000ab")
    #expect(PrintableText.of("a\r\nb", keepsLines: true) == "a\\u000d\nb")
    #expect(PrintableText.of("\u{1B}\u{301}[2J") == "\\u001b\u{301}[2J")
  }

  @Test func bytesThatAreNoUTF8CannotGetThrough() {
    let text = String(decoding: [0x61, 0x9B, 0x33, 0x31, 0x6D, 0xC2, 0xFF, 0xED, 0xA0, 0x80, 0x62], as: UTF8.self)
    #expect(TerminalTests.isHarmless(PrintableText.of(text)) && PrintableText.of(text).hasPrefix("a"))
    #expect(printed { $0.print(text) }.hasSuffix("b\n"))
  }

  @Test func onlyTheProgramsOwnColoursActOnTheTerminal() {
    let hostile = "\u{1B}[2J\u{9B}31mx\ny"
    let output = printed(hasColours: true) { terminal in
      let text: TerminalText = "state \(terminal.coloured(hostile, .red)) of \(hostile)"
      terminal.print(text)
    }
    let clean = "\\u001b[2J\\u009b31mx\\u000ay"
    #expect(output == "state \u{1B}[31m\(clean)\u{1B}[0m of \(clean)\n")
    let plain = printed { terminal in
      let text: TerminalText = "\(terminal.coloured(hostile, .red))"
      terminal.printError(text)
    }
    #expect(plain == clean + "\n")
  }

  @Test func aValueIsOneLineUnlessItIsPutInAsSeveral() {
    let text: TerminalText = "a \("x\ny") \(lines: "x\n\ty\u{1B}")"
    #expect(text.description == "a x\\u000ay x\n\ty\\u001b")
    #expect([text, "b"].joined(separator: "\n").description == text.description + "\nb")
  }

  @Test func aCellOfATableIsOneLine() {
    var table = TextTable(["A\u{1B}", "B"])
    table.add(["x\ny", "\u{202E}z\u{2028}"])
    #expect(table.text.split(separator: "\n").count == 2 && TerminalTests.isHarmless(table.text, keepsLines: true))
  }
}
