import OnexCompute
import OnexCore
import Testing

@Suite struct HashHandlerTests {
  /// Published test vectors: FIPS 180-4 examples, RFC 1321 section A.5, and the CRC catalogue's check value.
  @Test(arguments: [
    ("sha256", "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    ("sha256", "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    (
      "sha512", "abc",
      "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"
    ),
    ("sha1", "abc", "a9993e364706816aba3e25717850c26c9cd0d89d"),
    ("md5", "abc", "900150983cd24fb0d6963f7d28e17f72"),
    ("crc32", "123456789", "cbf43926"),
    ("crc32", "", "00000000"),
  ])
  func textIsHashed(algorithm: String, text: String, hex: String) throws {
    let answer = try json(ask(HashHandler(), "hash.\(algorithm)", Bytes("{\"text\":\"\(text)\"}")))
    #expect(answer == ["hex": .string(hex), "algorithm": .string(algorithm), "bytes": .integer(text.utf8.count)])
  }

  @Test func bytesAreHashedAsTheTextTheyAre() throws {
    let bytes = try ask(HashHandler(), "hash.sha256", "{\"base64\":\"w6k=\"}")
    let text = try ask(HashHandler(), "hash.sha256", "{\"text\":\"\\u00e9\"}")
    #expect(bytes == text)
    #expect(try json(bytes)["bytes"] == 2)
  }

  @Test(arguments: ["A", "AAA", "AA =", "AA==AA==", "A===", "AB==", "AAB=", "A-_=", "Zm9v\n"])
  func whatIsNotCanonicalBase64IsRefused(text: String) {
    let payload = JSONValue.object(JSONObject([("base64", .string(text))])).encoded()
    #expect(refusedPath(HashHandler(), "hash.md5", payload) == "/base64")
  }

  @Test(arguments: ["{}", "{\"text\":\"a\",\"base64\":\"YQ==\"}"])
  func exactlyOneInputIsNeeded(payload: String) {
    #expect(refusedPath(HashHandler(), "hash.md5", Bytes(payload)) == "")
  }

  @Test func aTypeThatIsNoTextIsNamed() {
    #expect(refusedPath(HashHandler(), "hash.md5", "{\"text\":1}") == "/text")
    #expect(refusedPath(HashHandler(), "hash.md5", "{\"base64\":null}") == "/base64")
  }

  @Test(arguments: ["hash.sha3", "digest.sha256"])
  func anUnknownAlgorithmIsAnsweredWithTheKnownOnes(operation: String) throws {
    let error = try #require(refusal(HashHandler(), operation, "{\"text\":\"\"}"))
    #expect(error.code == .unknownOperation)
    #expect(error.message.contains("hash.sha256, hash.sha512, hash.sha1, hash.md5, hash.crc32"))
  }
}
