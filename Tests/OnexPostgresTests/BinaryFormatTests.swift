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

  @Test func aColumnOfAnotherTypeIsNotReadAsThisOne() {
    let bytes: [UInt8] = [0, 0, 0, 1]
    #expect(bytes.withUnsafeBytes { Int.decode($0, oid: PostgresType.integer.oid) } == 1)
    #expect(bytes.withUnsafeBytes { Int.decode($0, oid: PostgresType.text.oid) } == nil)
    #expect(bytes.withUnsafeBytes { String.decode($0, oid: PostgresType.integer.oid) } == nil)
  }
}
