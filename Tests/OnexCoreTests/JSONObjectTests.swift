import Testing

@testable import OnexCore

@Suite struct JSONObjectTests {
  private static let composed = "caf\u{E9}"
  private static let decomposed = "cafe\u{301}"

  @Test func namesOfDifferentBytesAreDifferentMembers() {
    #expect(JSONObjectTests.composed == JSONObjectTests.decomposed, "Swift takes both for one")
    for padding in [0, 50] {
      var object = JSONObject((0..<padding).map { ("p\($0)", .integer($0)) })
      check(object.appendIfNew(JSONObjectTests.composed, 1))
      check(object.appendIfNew(JSONObjectTests.decomposed, 2))
      check(!object.appendIfNew(JSONObjectTests.composed, 3))
      #expect(object[JSONObjectTests.composed] == 1 && object[JSONObjectTests.decomposed] == 2)
      object[JSONObjectTests.composed] = nil
      #expect(object[JSONObjectTests.composed] == nil && object[JSONObjectTests.decomposed] == 2)
    }
    #expect(JSONValue.string(JSONObjectTests.composed) != .string(JSONObjectTests.decomposed))
    #expect(Set<JSONValue>([.string(JSONObjectTests.composed), .string(JSONObjectTests.decomposed)]).count == 2)
  }

  @Test(arguments: [
    ("\u{E9}", "e\u{301}"), ("K", "\u{212A}"), ("\u{C5}", "\u{212B}"), (";", "\u{37E}"), ("\u{1E69}", "s\u{323}\u{307}"),
    ("s\u{323}\u{307}", "s\u{307}\u{323}"), ("\u{AC00}", "\u{1100}\u{1161}"),
  ])
  func textIsIdenticalWhenItsBytesAre(_ a: String, _ b: String) {
    #expect(a == b && !a.isExactly(b) && ExactText(a) != ExactText(b))
    #expect(Set([ExactText(a), ExactText(b), ExactText(a)]).count == 2)
    #expect((ExactText(a) < ExactText(b)) != (ExactText(b) < ExactText(a)))
    let (first, second) = (StreamName(handler: "order", key: a), StreamName(handler: "order", key: b))
    #expect(first != second && Set([first, second]).count == 2 && (first < second) != (second < first))
    #expect(MessageIdentity.key(a) != .key(b) && Set([MessageIdentity.key(a), .key(b)]).count == 2)
  }

  @Test func aStreamsNameIsDividedAtTheFirstSlashByte() throws {
    let name = try #require(StreamName("order/\u{301}x/y"))
    #expect(name.handler == "order" && name.key.isExactly("\u{301}x/y"))
    #expect(StreamName(name.description) == name)
    #expect(StreamName("/x") == nil && StreamName("order") == nil)
  }

  @Test func ordersOfMembersAreEqualAndSoAreTheirHashes() {
    let a = JSONObject((0..<40).map { ("m\($0)", .integer($0)) })
    let b = JSONObject((0..<40).reversed().map { ("m\($0)", .integer($0)) })
    #expect(a == b && a.hashValue == b.hashValue)
    var c = b
    c["m7"] = 8
    #expect(a != c && a.hashValue != c.hashValue)
  }

  @Test func settingAndRemovingKeepsPlacesInSmallAndLargeObjects() {
    for count in [5, 12, 13, 14, 200] {
      var object = JSONObject()
      for index in 0..<count { object["m\(index)"] = .integer(index) }
      object["m3"] = 33
      object["m1"] = nil
      object["new"] = true
      #expect(object.members.map(\.name) == ["m0"] + (2..<count).map { "m\($0)" } + ["new"])
      for index in 2..<count { #expect(object["m\(index)"] == (index == 3 ? 33 : .integer(index))) }
      #expect(object["m1"] == nil && object["new"] == true && object.count == count)
    }
  }

  @Test func ofMembersWithOneNameTheLastCounts() {
    #expect(JSONObject([("a", 1), ("b", 2), ("a", 3)]).members.map(\.value) == [3, 2])
  }

  /// Names that are compared while every member is looked up: in proportion to their number, at any size.
  @Test(arguments: [1000, 2000, 4000, 100_000])
  func aLookUpComparesOneNameOnAverage(_ count: Int) {
    let names = (0..<count).map { "name-\($0)" }
    var index = NameIndex()
    index.rebuild(count) { names[$0] }
    var compared = 0
    for (place, name) in names.enumerated() {
      let found = index.place(of: name) { place in
        compared += 1
        return names[place]
      }
      #expect(found == place)
    }
    #expect(compared <= 2 * count, "\(compared) comparisons for \(count) names")
  }

  /// The index is written anew only when its size has doubled.
  @Test func anIndexGrowsByDoubling() {
    var index = NameIndex()
    var rebuilds = 0
    for count in 1...100_000 where index.isFull(for: count) {
      index.rebuild(count) { "n\($0)" }
      rebuilds += 1
    }
    #expect(rebuilds <= 14, "\(rebuilds)")
  }
}
