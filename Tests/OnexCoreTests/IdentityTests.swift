import Testing

@testable import OnexCore

@Suite struct IdentityTests {
  /// RFC 9562 appendix A.4: "www.example.com" in the DNS namespace.
  @Test func derivedIdentifierMatchesTheStandardsExample() throws {
    let dns = try #require(RawUUID("6ba7b810-9dad-11d1-80b4-00c04fd430c8"))
    #expect(RawUUID(namespace: dns, name: "www.example.com").description == "2ed6657d-e927-568b-95e1-2665a8aea6a2")
  }

  /// Lengths around the edges of SHA-1's blocks; the expected values are those of Python's `uuid.uuid5`.
  @Test(arguments: [
    (39, "2f80c0d1-1c62-579f-8d68-e61ad5592c9b"), (40, "e56fd57a-7633-5e1d-8f80-70e05ac413e5"),
    (47, "a112377b-8258-5ef7-b5b0-d2540bc03abb"), (48, "83993b6c-dea9-55ca-be5b-9989c85943fc"),
    (111, "1a48738a-dc98-5032-bf56-974c361d949d"), (112, "0243b19e-8bd4-5b57-95a2-1fcacc3142a0"),
    (200, "ddcc691a-b8e2-53e5-b059-6a232874b2eb"),
  ])
  func derivedIdentifiersAreRightForNamesOfEveryLength(_ length: Int, _ expected: String) throws {
    let dns = try #require(RawUUID("6ba7b810-9dad-11d1-80b4-00c04fd430c8"))
    #expect(RawUUID(namespace: dns, name: String(repeating: "x", count: length)).description == expected)
  }

  @Test func textRoundTripsAndUpperCaseIsAccepted() throws {
    let text = "0193a5c8-7f2e-7b61-8a55-0123456789ab"
    #expect(try #require(RawUUID(text)).description == text)
    #expect(RawUUID(text.uppercased())?.description == text)
  }

  @Test(arguments: [
    "", "0193a5c8", "0193a5c8-7f2e-7b61-8a55-0123456789aG", "0193a5c87f2e-7b61-8a55-0123456789ab-", "é",
    "0193a5c8-7f2e-7b61-8a55-0123456789a:", "0193a5c8-7f2e-7b61-8a55-0123456789a/", "`193a5c8-7f2e-7b61-8a55-0123456789ab",
    "@193a5c8-7f2e-7b61-8a55-0123456789ab", "0193a5c8-7f2e-7b61-8a5g-0123456789ab", "0193a5c8_7f2e-7b61-8a55-0123456789ab",
  ])
  func malformedTextIsRefused(_ text: String) {
    #expect(RawUUID(text) == nil)
  }

  @Test func randomIdentifiersCarryVersionAndVariant() {
    let uuid = RawUUID(random: .max, .max).description
    #expect(uuid[uuid.index(uuid.startIndex, offsetBy: 14)] == "4")
    #expect("89ab".contains(uuid[uuid.index(uuid.startIndex, offsetBy: 19)]))
  }

  @Test func aRecordsPlaceGivesTheSameIdentityEachTimeAndAnotherForEachPlace() {
    func id(_ partition: Int32 = 3, _ offset: Int64 = 42, at time: Int64? = 5, cluster: String = "") -> EnvelopeID {
      EnvelopeID(
        placeOf: ConsumedRecord(
          source: TopicPartition("requests", partition), offset: offset, key: nil, value: nil,
          timestamp: time.map { Timestamp(microseconds: $0) }), cluster: cluster)
    }
    let first = id()
    #expect(first == id())
    #expect(first != id(3, 43) && first != id(4, 42))
    // The topic was made again, or the broker is another one.
    #expect(first != id(at: 6) && first != id(at: nil) && first != id(cluster: "other"))
    let response: EnvelopeID = first.derived("response")
    #expect(response == first.derived("response"))
    #expect(response != first)
  }

  /// FIPS 180-4 examples.
  @Test(arguments: [
    ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    (
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
    ),
  ])
  func sha256MatchesTheStandardsExamples(_ text: String, _ digest: String) {
    #expect(SHA256.hex(of: Bytes(text)) == digest)
  }

  /// RFC 4231, test cases 1, 2 and 6.
  @Test(arguments: [
    (
      [UInt8](repeating: 0x0b, count: 20), "Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
    ),
    (
      Array("Jefe".utf8), "what do ya want for nothing?", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    ),
    (
      [UInt8](repeating: 0xaa, count: 131), "Test Using Larger Than Block-Size Key - Hash Key First",
      "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
    ),
  ])
  func hmacMatchesTheStandardsExamples(_ key: [UInt8], _ message: String, _ code: String) {
    #expect(SHA256.hex(SHA256.authenticate(Array(message.utf8), key: key)) == code)
  }
}
