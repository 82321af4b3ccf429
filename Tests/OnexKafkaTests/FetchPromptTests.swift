import Testing

@testable import OnexKafka

@Suite struct FetchPromptTests {
  @Test func aFullQueueIsFollowedByAPromptWhileItHasRoom() {
    for (records, bytes) in [(1, 100), (1, 1 << 20), (1024, 1024 * 500), (4096, 4 << 20)] {
      var prompt = FetchPrompt()
      // Just full, and nothing is fetched any more.
      var (left, size) = (KafkaBounds.consumerQueueRecords, KafkaBounds.consumerQueueKiB * 1024)
      var hasRoom = false
      while left > 0, size > 0, !hasRoom {
        let taken = (min(left, records), min(size, bytes))
        (left, size) = (left - taken.0, size - taken.1)
        hasRoom =
          prompt.took(records: taken.0, bytes: taken.1)
          && left < KafkaBounds.consumerQueueRecords && size < KafkaBounds.consumerQueueKiB * 1024
      }
      #expect(hasRoom, "taken by \(records) records of \(bytes) bytes")
    }
  }

  @Test func aQuietConsumerAsksForNothing() {
    var prompt = FetchPrompt()
    let prompts = (0..<100).filter { _ in prompt.took(records: 1, bytes: 300) }
    #expect(prompts.isEmpty)
  }
}
