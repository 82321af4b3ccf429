import OnexCore
import Testing

@testable import OnexPostgres

@Suite struct CopyWriterTests {
  @Test func aRowHasItsNumberOfFieldsAndALengthForEach() {
    var rows = CopyWriter(columnCount: 2)
    rows.appendRow {
      $0.append("ab")
      $0.appendNull()
    }
    #expect(rows.bytes.prefix(11).elementsEqual([80, 71, 67, 79, 80, 89, 10, 255, 13, 10, 0]), "the signature")
    #expect(rows.bytes.dropFirst(11).prefix(8).allSatisfy { $0 == 0 }, "no flags, no extension")
    #expect(rows.bytes.dropFirst(19).elementsEqual([0, 2, 0, 0, 0, 2, 97, 98, 255, 255, 255, 255]))
    #expect(rows.rowCount == 1)
  }

  @Test func namesAreQuotedAndOnlyTheSchemaIsSplitOff() {
    #expect(
      CopyStatement.sql(into: "runtime.inbox", columns: ["a", "B\"; DROP"])
        == "COPY \"runtime\".\"inbox\" (\"a\", \"B\"\"; DROP\") FROM STDIN (FORMAT binary)")
    #expect(CopyStatement.sql(into: "a.b.c", columns: ["x"]).hasPrefix("COPY \"a\".\"b.c\" ("))
  }
}
