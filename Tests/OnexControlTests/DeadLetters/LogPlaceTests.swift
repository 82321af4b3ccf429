import OnexCommandLine
import OnexCore
import Testing

@testable import OnexControl

@Suite struct LogPlaceTests {
  @Test(arguments: ["requests.dlq[2]@17", "a[0]@0", "x-y_z.dlq[2147483647]@9223372036854775807"])
  func aPlaceIsReadAsItIsWritten(_ text: String) throws {
    #expect(try #require(LogPlace(text)).description == text)
  }

  @Test(arguments: [
    "", "requests.dlq", "requests.dlq[2]", "requests.dlq@17", "[2]@17", "a[-1]@1", "a[1]@-1", "a[1]@+1", "a[]@1", "a[1]@",
    "a[1]x@1", "a[99999999999]@1", "a[1]@1 ", "a@1[2]",
  ])
  func whatIsNoPlaceIsRefused(_ text: String) {
    #expect(LogPlace(text) == nil)
    #expect(throws: ArgumentSet.Misuse.self) { try LogPlace(typed: text) }
  }

  @Test func placesAreOrderedByPartitionThenOffset() {
    let places = [Letters.place(3, partition: 1), Letters.place(20), Letters.place(3)]
    #expect(places.sorted() == [Letters.place(3), Letters.place(20), Letters.place(3, partition: 1)])
  }
}
