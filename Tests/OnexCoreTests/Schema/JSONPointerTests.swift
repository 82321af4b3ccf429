import OnexCore
import Testing

@Suite struct JSONPointerTests {
  /// The examples of RFC 6901 section 5.
  @Test(arguments: [
    ("", []), ("/foo", ["foo"]), ("/foo/0", ["foo", "0"]), ("/", [""]), ("/a~1b", ["a/b"]), ("/m~0n", ["m~n"]), ("/~01", ["~1"]),
  ])
  func textAndTokensCorrespond(text: String, tokens: [String]) {
    #expect(JSONPointer(text)?.tokens == tokens)
    #expect(JSONPointer(tokens).description == text)
  }

  @Test(arguments: ["foo", "#/foo", "/a~", "/a~2"])
  func otherTextIsNoPointer(text: String) {
    #expect(JSONPointer(text) == nil)
  }

  @Test func resolvesMembersAndElements() {
    let document: JSONValue = ["a": [1, ["b/c": 2]]]
    #expect(JSONPointer("/a/1/b~1c")?.resolve(in: document) == 2)
    #expect(JSONPointer("/a/2")?.resolve(in: document) == nil)
    #expect(JSONPointer("/a/0/x")?.resolve(in: document) == nil)
  }
}
