import OnexCommandLine
import OnexCore
import Testing

@testable import OnexControl

@Suite struct ReplaySelectionTests {
  private func selection(
    _ records: [ConsumedRecord], _ aim: ReplaySelection.Aim = .matching(DeadLetterFilter()), again: Bool = false
  ) -> ReplaySelection {
    var selection = ReplaySelection(aim, again: again)
    for record in records { selection.add(record) }
    return selection
  }

  @Test func whatWasReplayedIsLeftOutUnlessItIsMeantAgain() {
    let letters = (1...3).map { Letters.letter($0) }
    let records = letters + [Letters.marker(of: letters[1], 4), Letters.marker(of: letters[1], 5)]
    let once = selection(records)
    #expect(once.places(limit: nil) == [Letters.place(1), Letters.place(3)] && once.replayedBefore == 1)
    let again = selection(records, again: true)
    #expect(again.places(limit: nil).count == 3 && again.replayedBefore == 0)
  }

  @Test func malformedOnesAreRefusedWithTheirPlace() {
    let selection = selection([Letters.letter(1), Letters.stranger(2)])
    #expect(selection.places(limit: nil) == [Letters.place(1)])
    #expect(selection.refused.map(\.place) == [Letters.place(2)])
  }

  @Test func aLimitTakesTheOldest() {
    let selection = selection([Letters.letter(1, age: 10), Letters.letter(2, age: 30), Letters.letter(3, partition: 1, age: 20)])
    #expect(selection.places(limit: 2) == [Letters.place(2), Letters.place(3, partition: 1)])
    #expect(selection.places(limit: 9).count == 3)
  }

  @Test func onePlaceIsOneRecord() {
    let records = [Letters.letter(1), Letters.letter(2), Letters.letter(2, partition: 1)]
    #expect(selection(records, .one(Letters.place(2))).places(limit: nil) == [Letters.place(2)])
    #expect(selection(records, .one(Letters.place(7))).isEmpty)
    let replayed = selection(records + [Letters.marker(of: records[0], 3)], .one(Letters.place(1)))
    #expect(!replayed.isEmpty && replayed.places(limit: nil).isEmpty && replayed.replayedBefore == 1)
  }

  @Test func wishesThatContradictThemselvesAreRefused() throws {
    let wrong: [[String]] = [
      [], ["--at", "requests.dlq"], ["other.dlq", "--at", "requests.dlq[0]@1"], ["--at", "requests.dlq[0]@1", "--code", "X"],
      ["--at", "requests.dlq[0]@1", "--limit", "2"], ["requests.dlq", "--rate", "0"], ["requests.dlq", "--rate", "1000000"],
    ]
    for arguments in wrong {
      let set = try ArgumentSet(["replay"] + arguments, DeadLettersCommand.grammar)
      #expect(throws: ArgumentSet.Misuse.self, "\(arguments)") {
        try ReplayWish(Array(set.positionals.dropFirst()), set, now: Letters.now)
      }
    }
    let set = try Letters.arguments("--at", "requests.dlq[2]@17", "--rate", "5")
    let wish = try ReplayWish([], set, now: Letters.now)
    #expect(wish.topic == "requests.dlq" && wish.pace.rate == 5)
  }

  @Test func anotherSubcommandsOptionIsRefused() throws {
    let set = try Letters.arguments("a.dlq", "--yes")
    #expect(throws: ArgumentSet.Misuse.self) { try DeadLetterStats.check(["a.dlq"], set) }
    #expect(throws: ArgumentSet.Misuse.self) { try DeadLetterShow.check([], Letters.arguments()) }
    #expect(throws: ArgumentSet.Misuse.self) { try DeadLetterList.check(["a.dlq", "b.dlq"], Letters.arguments()) }
    #expect(throws: Never.self) { try DeadLetterStats.check(["a.dlq", "b.dlq", "c.dlq"], Letters.arguments()) }
  }

  @Test func aPaceSpreadsBatchesOverTheSecond() {
    #expect(ReplayPace(rate: 100).batch == 10 && ReplayPace(rate: 3).batch == 1 && ReplayPace(rate: 100_000).batch == 500)
    #expect(ReplayPace(rate: 100).delay(afterSending: 250) == .milliseconds(2500))
    #expect(ReplayPace(rate: 100).delay(afterSending: 0) == .zero)
  }

  @Test func topicsAreChosenFromThoseThatExist() throws {
    let existing = ["requests", "requests.dlq", "responses", "agent-actions.dlq"]
    #expect(try DeadLetterTopics.choose([], existing: existing) == ["agent-actions.dlq", "requests.dlq"])
    #expect(try DeadLetterTopics.choose(["requests.dlq", "requests.dlq"], existing: existing) == ["requests.dlq"])
    for (name, hint) in [
      ("requests", "did you mean requests.dlq?"), ("request.dlq", "did you mean requests.dlq?"), ("zzz", "there is"),
    ] {
      do {
        _ = try DeadLetterTopics.choose([name], existing: existing)
        Issue.record("\(name) was accepted")
      } catch {
        #expect(error.exit == .usage && error.message.contains(hint) && error.message.contains("agent-actions.dlq"))
      }
    }
    #expect(try DeadLetterTopics.choose([], existing: []).isEmpty)
  }
}
