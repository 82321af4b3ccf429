import Glibc
import Testing

@testable import OnexObservability

/// Redaction against several hundred texts that hold something and several hundred that hold nothing (RedactionCorpus). The figures are
/// those of docs/reference/privacy.md.
@Suite struct RedactionCorpusTests {
  private static let folder = "/" + #filePath.split(separator: "/").dropLast().joined(separator: "/") + "/RedactionCorpus"
  private static let caughtMin = 0.95
  private static let changedMax = 0.02
  private let redactor = Redactor()

  /// One text a line; `⏎` and `⇥` are a line break and a tab. In `secrets.txt` the secret stands between « and », and `¦` cuts it, so that
  /// no tool takes the file itself for a leak.
  private static func lines(_ name: String) throws -> [String] {
    let file = try #require(fopen("\(folder)/\(name)", "r"))
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while case let count = fread(&chunk, 1, chunk.count, file), count > 0 { bytes += chunk[..<count] }
    return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
  }

  private static func text(_ line: some StringProtocol, without marks: Set<Character>) -> String {
    String(line.compactMap { $0 == "⏎" ? "\n" : $0 == "⇥" ? "\t" : marks.contains($0) ? nil : $0 })
  }

  /// Neither the secret nor one of its halves is left.
  private func isCaught(_ line: String) -> Bool {
    let parts = line.split(omittingEmptySubsequences: false) { $0 == "«" || $0 == "»" }
    guard parts.count == 3 else { return false }
    let secret = RedactionCorpusTests.text(parts[1], without: ["¦"])
    let text = RedactionCorpusTests.text(line, without: ["«", "»", "¦"])
    guard let redacted = redactor.redacted(text) else { return false }
    let half = max(3, secret.count / 2)
    return ![secret, String(secret.prefix(half)), String(secret.suffix(half))].contains {
      RedactionCorpusTests.occurs($0, in: redacted)
    }
  }

  private static func occurs(_ part: String, in text: String) -> Bool {
    let (part, text) = (Array(part.utf8), Array(text.utf8))
    guard part.count <= text.count else { return false }
    return (0...text.count - part.count).contains { text[$0..<$0 + part.count].elementsEqual(part) }
  }

  @Test func secretsAreCaught() throws {
    let lines = try RedactionCorpusTests.lines("secrets.txt")
    #expect(lines.count >= 500)
    let missed = lines.filter { !isCaught($0) }
    #expect(Double(lines.count - missed.count) >= RedactionCorpusTests.caughtMin * Double(lines.count), "\(missed)")
  }

  @Test func harmlessTextStays() throws {
    let texts = try RedactionCorpusTests.lines("harmless.txt").map { RedactionCorpusTests.text($0, without: []) }
    #expect(texts.count >= 300)
    let changed = texts.filter { redactor.redacted($0) != nil }
    #expect(Double(changed.count) < RedactionCorpusTests.changedMax * Double(texts.count), "\(changed)")
  }

  @Test func whatWasRedactedOnceStaysAsItIs() throws {
    for line in try RedactionCorpusTests.lines("secrets.txt") {
      let text = RedactionCorpusTests.text(line, without: ["«", "»", "¦"])
      guard let redacted = redactor.redacted(text) else { continue }
      #expect(redactor.redacted(redacted) == nil, "\(redacted)")
    }
  }

  /// A text in a document of a document, as logs hold it, is caught as well.
  @Test func secretsInQuotesAreCaughtAtEveryLevelOfEscapes() {
    for level in 0...4 {
      let slashes = String(repeating: "\\", count: (1 << level) - 1)
      let inner = String(repeating: "\\", count: (2 << level) - 1)
      let text = "{\(slashes)\"password\(slashes)\": \(slashes)\"hunter2\(inner)\"tail\(slashes)\", \(slashes)\"a\(slashes)\": 1}"
      let redacted = redactor.redacted(text) ?? text
      #expect(
        redacted == "{\(slashes)\"password\(slashes)\": \(slashes)\"[REDACTED:secret]\(slashes)\", \(slashes)\"a\(slashes)\": 1}")
    }
  }
}
