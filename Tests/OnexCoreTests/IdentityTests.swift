import Testing

@testable import OnexCore

@Suite struct IdentityTests {
  /// RFC 9562 appendix A.4: "www.example.com" in the DNS namespace.
  @Test func derivedIdentifierMatchesTheStandardsExample() throws {
    let dns = try #require(RawUUID("6ba7b810-9dad-11d1-80b4-00c04fd430c8"))
    #expect(RawUUID(namespace: dns, name: "www.example.com".utf8).description == "2ed6657d-e927-568b-95e1-2665a8aea6a2")
  }

  @Test func textRoundTripsAndUpperCaseIsAccepted() throws {
    let text = "0193a5c8-7f2e-7b61-8a55-0123456789ab"
    #expect(try #require(RawUUID(text)).description == text)
    #expect(RawUUID(text.uppercased())?.description == text)
  }

  @Test(arguments: ["", "0193a5c8", "0193a5c8-7f2e-7b61-8a55-0123456789aG", "0193a5c87f2e-7b61-8a55-0123456789ab-", "é"])
  func malformedTextIsRefused(_ text: String) {
    #expect(RawUUID(text) == nil)
  }

  @Test func randomIdentifiersCarryVersionAndVariant() {
    let uuid = RawUUID(random: .max, .max).description
    #expect(uuid[uuid.index(uuid.startIndex, offsetBy: 14)] == "4")
    #expect("89ab".contains(uuid[uuid.index(uuid.startIndex, offsetBy: 19)]))
  }

  @Test func aRecordsPlaceGivesTheSameIdentityEachTimeAndAnotherForEachPlace() {
    let first = EnvelopeID(topic: "requests", partition: 3, offset: 42)
    #expect(first == EnvelopeID(topic: "requests", partition: 3, offset: 42))
    #expect(first != EnvelopeID(topic: "requests", partition: 3, offset: 43))
    #expect(first != EnvelopeID(topic: "requests", partition: 4, offset: 42))
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
    var hash = SHA256()
    for byte in text.utf8 { hash.update(byte) }
    #expect(hash.finish() == digest)
  }
}
