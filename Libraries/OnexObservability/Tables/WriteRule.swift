/// What happens to a row whose key is there already.
enum WriteRule: Sendable, Equatable {
  /// Events that happen once: the row that is there stays.
  case keepFirst
  /// The state of one thing, told again and again: the farther status wins, on equal rank the later time, and a value is never
  /// overwritten by NULL.
  case farthest(rank: String, status: String, time: String, oldest: String)
}
