import OnexCore
import Testing

@testable import OnexPostgres

/// Bytes as the server's `*_send` functions write them.
@Suite struct BinaryFormatTests {
  @Test func anArrayHasItsHeaderAndALengthForEachElement() {
    var array = PostgresArray(of: .integer)
    array.append(Int32(7))
    array.appendNull()
    #expect(
      array.encoded == [
        0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 23, 0, 0, 0, 2, 0, 0, 0, 1,
        0, 0, 0, 4, 0, 0, 0, 7, 255, 255, 255, 255,
      ])
  }

  @Test func jsonbCarriesItsVersion() {
    var array = PostgresArray(of: .jsonb)
    array.append(jsonb: "{}")
    #expect(array.encoded.suffix(7) == [0, 0, 0, 3, 1, 123, 125])
  }

  @Test func timesCountFromTheYear2000() throws {
    let time = try #require(Timestamp(rfc3339: "2000-01-01T00:00:01Z"))
    var writer = BinaryWriter()
    writer.timestamp(time)
    #expect(writer.bytes == [0, 0, 0, 0, 0, 15, 66, 64])
    #expect(writer.bytes.withUnsafeBytes { Timestamp.decode($0, oid: PostgresType.timestamptz.oid) } == time)
  }

  /// The server's range is wider at the end and narrower at the beginning than that of a `Timestamp`.
  @Test(
    arguments: [
      (Int64.min, -211_813_488_000_000_000), (-210_866_803_200_000_000 - 1_000_000_000_000_000, -211_813_488_000_000_000),
      (-62_135_596_800_000_000, -63_082_281_600_000_000), (253_402_300_799_999_999, 252_455_615_999_999_999),
      (.max, 9_222_425_352_054_775_807),
    ] as [(Int64, Int64)])
  func timesThatTheServerDoesNotKnowBecomeItsLast(_ time: Int64, _ expected: Int64) {
    var writer = BinaryWriter()
    writer.timestamp(Timestamp(microseconds: time))
    #expect(writer.bytes.withUnsafeBytes { Int64.decode($0, oid: PostgresType.bigint.oid) } == expected)
  }

  @Test(arguments: [(Int64.max, nil), (.min, nil), (9_223_371_331_199_999_999, .max)] as [(Int64, Int64?)])
  func infinityIsNoTimeAndTheYear294276IsTheLast(_ value: Int64, _ expected: Int64?) {
    var writer = BinaryWriter()
    writer.integer(value)
    let time = writer.bytes.withUnsafeBytes { Timestamp.decode($0, oid: PostgresType.timestamptz.oid) }
    #expect(time?.microseconds == expected)
  }

  @Test func aColumnOfAnotherTypeIsNotReadAsThisOne() {
    let bytes: [UInt8] = [0, 0, 0, 1]
    #expect(bytes.withUnsafeBytes { Int.decode($0, oid: PostgresType.integer.oid) } == 1)
    #expect(bytes.withUnsafeBytes { Int.decode($0, oid: PostgresType.text.oid) } == nil)
    #expect(bytes.withUnsafeBytes { String.decode($0, oid: PostgresType.integer.oid) } == nil)
  }
}
