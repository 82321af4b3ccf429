/// One line between a participant and a topic.
struct TopicLink: Hashable, Sendable {
  enum Direction: Hashable, Sendable, CaseIterable {
    case reads
    case writes
    /// Writes what it could not process.
    case deadLetters
  }

  let participant: TopicParticipant
  let direction: Direction
  let topic: String
}
