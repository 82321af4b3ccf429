import OnexCore
import OnexTestSupport

/// Executions, each told in several states, in any order. A value is told in one state only, so that what comes of it does not depend
/// on the order.
struct ExecutionStories {
  /// States that wait for being told.
  private static let waitingMax = 40

  private var random: SplitMix
  private var waiting: [JSONObject] = []

  init(seed: UInt64) { random = SplitMix(seed: seed) }

  /// - Parameters:
  ///   - time: when it was told; those that are told later may be earlier in the story.
  ///   - number: makes values differ.
  mutating func next(at time: JSONValue, number: Int) -> JSONObject {
    if waiting.count < ExecutionStories.waitingMax { begin(time, number) }
    return waiting.remove(at: random.next(below: waiting.count))
  }

  /// One that is told once.
  func single(at time: JSONValue, id: JSONValue) -> JSONObject {
    JSONObject([
      ("execution_id", id), ("correlation_id", id), ("agent_name", "runner"), ("created_at", time), ("status", "pending"),
      ("updated_at", time),
    ])
  }

  private mutating func begin(_ time: JSONValue, _ number: Int) {
    let id = JSONValue.string(RawUUID(random: random.next(), random.next()).description)
    let shared = single(at: time, id: id)
    for (rank, status) in ["pending", "started", "running", "failed", "completed"].enumerated() {
      // Not every state is heard of.
      guard status == "started" || random.next(below: 3) > 0 else { continue }
      var event = shared
      let told = ExecutionStories.later(time, rank)
      event["status"] = .string(status)
      event["updated_at"] = told
      event["metadata"] = .object(JSONObject([(status, .integer(number))]))
      switch status {
      case "pending": event["input_summary"] = .string("input \(number)")
      case "started": event["started_at"] = told
      case "running": event["terminal_id"] = .string("terminal \(number % 5)")
      case "failed": event["error_message"] = .string("attempt \(number % 7) broke")
      default:
        event["completed_at"] = told
        event["duration_ms"] = .integer(number % 1000)
        event["exit_code"] = 0
      }
      waiting.append(event)
    }
  }

  /// A later time: the last digit of the microseconds, which is at least 1, becomes a digit of its own for each rank.
  private static func later(_ time: JSONValue, _ rank: Int) -> JSONValue {
    guard let text = time.string, let dot = text.firstIndex(of: ".") else { return time }
    return .string(text[...dot] + "99999\(rank + 1)" + "+00:00")
  }
}
