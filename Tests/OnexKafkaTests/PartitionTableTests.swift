import OnexCore
import Testing

@testable import OnexKafka

@Suite struct PartitionTableTests {
  private let first = TopicPartition("t", 0)
  private let second = TopicPartition("t", 1)

  private func run(_ partition: TopicPartition, _ first: Int64, _ last: Int64? = nil) -> PartitionTable.Run {
    PartitionTable.Run(partition: partition, first: first, last: last ?? first)
  }

  private func table() -> PartitionTable {
    var table = PartitionTable()
    table.assign([first, second])
    return table
  }

  @Test func recordsOfUnheldPartitionsAreNotHandedOut() {
    var table = table()
    #expect(table.admitsAll([run(first, 0), run(second, 0)]))
    #expect(!table.admitsAll([run(first, 0), run(TopicPartition("t", 2), 0)]))
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
    #expect(table.admitsAll([run(first, 0)]))
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
    #expect(!table.admitsAll([run(first, 0)]))
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
    #expect(table.admitsAll([run(first, 0)]))
    #expect(table.settled(first) == nil)
  }

  // MARK: - Records that are missing

  /// What an event reports, as `skipped 3..<7`.
  private func words(_ event: ConsumerEvent?) -> String? {
    switch event {
    case .skipped(_, let from, let to)?: "skipped \(from)..<\(to)"
    case .wentBack(_, let from, let to)?: "back \(from) to \(to)"
    case nil: nil
    default: "another event"
    }
  }

  @Test(
    arguments: [
      (3, 3, 9, nil), (5, 3, 9, nil), (9, 3, 9, nil), (2, 3, 9, "skipped 2..<3"), (0, 9, 9, "skipped 0..<9"),
      (10, 3, 9, "back 10 to 3"), (nil, 3, 9, nil), (.max, 0, .max, nil), (.max, 0, 5, "back 9223372036854775807 to 0"),
    ] as [(Int64?, Int64, Int64, String?)])
  func theGroupsOffsetIsComparedWithTheLog(_ committed: Int64?, _ start: Int64, _ end: Int64, _ expected: String?) {
    var table = table()
    #expect(words(table.position(first, committed: committed, log: start..<end, start: .earliest)) == expected)
    let again = words(table.position(first, committed: committed, log: start..<end, start: .earliest))
    #expect(again == nil, "once for each assignment")
    #expect(!table.unpositioned.contains(first))
  }

  @Test func aNewGroupIsPinnedToWhereItBegins() {
    var table = table()
    _ = table.position(first, committed: nil, log: 4..<9, start: .earliest)
    _ = table.position(second, committed: nil, log: 4..<9, start: .latest)
    #expect(table.pinned([first, second]) == [first: 4])
    _ = table.store([first: 6])
    #expect(table.pinned([first]).isEmpty, "a stored offset is not taken back")
  }

  @Test func aGapCountsOnceTheLogBeginsBehindIt() {
    var table = table()
    _ = table.position(first, committed: 0, log: 0..<100, start: .earliest)
    _ = table.handedOut([run(first, 0, 9), run(first, 12, 20)])
    #expect(table.gapped == [first])
    #expect(words(table.begins(first, at: 0)) == nil, "transaction markers are no loss")
    _ = table.handedOut([run(first, 50, 60)])
    #expect(words(table.begins(first, at: 50)) == "skipped 21..<50")
    #expect(table.gapped.isEmpty)
    _ = table.handedOut([run(first, 70)])
    #expect(words(table.begins(first, at: 65)) == "skipped 61..<65", "only what is gone")
  }

  @Test func aGapInsideABatchIsFound() {
    var table = table()
    var batch = run(first, 0)
    for offset: Int64 in [1, 2, 30, 31, 33] { batch.extend(to: offset) }
    #expect(batch.gap == 3..<30)
    _ = table.handedOut([batch])
    #expect(words(table.begins(first, at: 30)) == "skipped 3..<30")
  }

  @Test func offsetsAtTheEndsOfTheirRangeAreNoTrouble() {
    var table = table()
    var batch = run(first, .min)
    for offset: Int64 in [-1, .max, .max, .min, 0] { batch.extend(to: offset) }
    _ = table.handedOut([batch, run(first, .max), run(first, .min), run(first, .max)])
    _ = table.begins(first, at: .max)
    _ = table.measured(first, 0..<(.max))
    table.reachedEnd(first, at: .min)
    _ = table.takeTrailing()
  }

  @Test func aLogThatBeginsAgainIsReported() {
    var table = table()
    _ = table.handedOut([run(first, 0, 99)])
    let events = table.handedOut([run(first, 0, 3)])
    #expect(events.map { words($0) } == ["back 100 to 0"])
    _ = table.seek(first, to: 2)
    table.sought(first, to: 2)
    #expect(table.handedOut([run(first, 2, 9)]).isEmpty, "a seek is no loss")
  }

  @Test func whatGoesDuringAPauseIsReportedWhileItLasts() {
    var table = table()
    _ = table.handedOut([run(first, 0, 9)])
    _ = table.pause([first])
    #expect(words(table.measured(first, 0..<50)) == nil)
    #expect(words(table.measured(first, 30..<50)) == "skipped 10..<30")
    #expect(words(table.measured(first, 30..<50)) == nil)
    _ = table.resume([first])
    #expect(table.handedOut([run(first, 30, 49)]).isEmpty)
    #expect(table.gapped.isEmpty)
  }

  @Test func offsetsWithoutRecordsAtTheEndAreNoLag() {
    var table = table()
    _ = table.handedOut([run(first, 0, 9)])
    table.reachedEnd(first, at: 12)
    _ = table.store([first: 9])
    #expect(table.settled(first) == 9, "one record is open")
    _ = table.store([first: 10])
    #expect(table.settled(first) == 12)
    #expect(table.takeTrailing() == [first: 12])
    #expect(table.takeTrailing().isEmpty)
    #expect(table.handedOut([run(first, 12, 13)]).isEmpty)
    #expect(table.settled(first) == 12)
    #expect(table.gapped.isEmpty)
  }

  @Test func anEndFromBeforeASeekIsForgotten() {
    var table = table()
    _ = table.handedOut([run(first, 0, 9)])
    table.reachedEnd(first, at: 10)
    _ = table.seek(first, to: 2)
    table.reachedEnd(first, at: 10)
    table.sought(first, to: 2)
    _ = table.store([first: 2])
    #expect(table.settled(first) == 2)
    #expect(table.takeTrailing().isEmpty)
  }
}
