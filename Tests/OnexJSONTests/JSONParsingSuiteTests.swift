import OnexCore
import OnexJSON
import OnexTestSupport
import Testing

/// JSONTestSuite by N. Seriot: texts that every parser must accept (`y_`), must refuse (`n_`), or may do either with (`i_`).
@Suite struct JSONParsingSuiteTests {
  /// RFC 8259 section 4 leaves to the receiver what a repeated name means. This one refuses it: two readers would see two documents.
  private static let refusedByUs: Set<String> = ["y_object_duplicated_key.json", "y_object_duplicated_key_and_value.json"]

  @Test(.enabled(if: PublicSuites.jsonParsing.isPresent, "\(PublicSuites.jsonParsing.howToGet)"))
  func everyTextIsAcceptedOrRefusedAsTheSuiteSays() throws {
    var counts: [Character: Int] = [:]
    for file in try PublicSuites.jsonParsing.files() {
      let value = try? JSONValue.parse(file.content)
      counts[file.name.first ?? "?", default: 0] += 1
      switch file.name.prefix(2) {
      case "y_": #expect((value != nil) != Self.refusedByUs.contains(file.name), "\(file.name)")
      case "n_": #expect(value == nil, "\(file.name)")
      default: break  // Either is right; it must only come to an end.
      }
      if let value { #expect(try JSONValue.parse(value.encoded()) == value, "\(file.name) is written and read again") }
    }
    #expect(counts["y", default: 0] > 90 && counts["n", default: 0] > 180 && counts["i", default: 0] > 30, "\(counts)")
  }
}
