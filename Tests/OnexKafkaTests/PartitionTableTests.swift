import OnexCore
import Testing

@testable import OnexKafka

@Suite struct PartitionTableTests {
  private let first = TopicPartition("t", 0)
  private let second = TopicPartition("t", 1)

  private func table() -> PartitionTable {
    var table = PartitionTable()
    table.assign([first, second])
    return table
  }

  @Test func recordsOfUnheldPartitionsAreNotHandedOut() {
    var table = table()
    #expect(table.admitsAll([first, second]))
    #expect(!table.admitsAll([first, TopicPartition("t", 2)]))
    table.remove([first])
    let admitted = [table.admits(first, 3), table.admits(second, 3)]
    #expect(admitted == [false, true])
  }

  @Test func recordsDroppedDuringAPauseAreReadAgainAfterIt() {
    var table = table()
    _ = table.pause([first])
    let dropped = [table.admits(first, 7), table.admits(first, 8)]
    #expect(dropped == [false, false])
    #expect(table.dueSeeks.isEmpty, "librdkafka forgets seeks of a paused partition")
    _ = table.resume([first])
    #expect(table.dueSeeks == [first: 7])
    let ahead = table.admits(first, 9)
    #expect(!ahead, "what was prefetched behind the gap is not handed out")
    table.sought(first, to: 7)
    #expect(table.admitsAll([first]))
  }

  @Test func aSeekDuringAPauseWinsOverWhereThePauseBegan() {
    var table = table()
    _ = table.pause([first])
    _ = table.admits(first, 7)
    _ = table.seek(first, to: 2)
    _ = table.admits(first, 8)
    _ = table.resume([first])
    #expect(table.dueSeeks == [first: 2])
  }

  @Test func aLaterSeekIsNotEndedByAnEarlierOne() {
    var table = table()
    _ = table.seek(first, to: 5)
    _ = table.seek(first, to: 1)
    table.sought(first, to: 5)
    #expect(table.dueSeeks == [first: 1])
  }

  @Test func theGroupsWishIsAnsweredOnceAndWhole() {
    var table = table()
    table.revoke([first, second])
    #expect(!table.admitsAll([first]))
    let answers = [table.complete([second]), table.complete([second]), table.complete([first]), table.complete([first])]
    #expect(answers == [[], [], [first, second], []])
    #expect(table.assigned.isEmpty)
  }

  @Test func whatWasLostNeedsNoAnswer() {
    var table = table()
    table.revoke([first, second])
    _ = table.complete([first])
    table.remove([first, second])
    let answer = table.complete([second])
    #expect(answer == [])
    #expect(table.revoking == [])
  }

  @Test func offsetsAreStoredOfHeldPartitionsAlone() {
    var table = table()
    let foreign = TopicPartition("t", 9)
    let result = table.store([first: 4, foreign: 8])
    #expect(result.ours == [first: 4])
    #expect(result.foreign == foreign)
    #expect(table.settled(first) == 4)
    #expect(table.settled(foreign) == nil)
    table.revoke([first])
    let later = table.store([first: 5])
    #expect(later.foreign == nil, "a partition is held until it is given up")
  }

  @Test func aNewAssignmentBeginsAfresh() {
    var table = table()
    _ = table.pause([first])
    _ = table.seek(first, to: 3)
    table.remove([first])
    table.assign([first])
    #expect(table.admitsAll([first]))
    #expect(table.settled(first) == nil)
  }
}
