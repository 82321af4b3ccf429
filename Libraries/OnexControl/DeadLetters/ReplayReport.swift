import OnexCore
import OnexJSON

/// What a replay came to.
struct ReplayReport: Sendable {
  struct Problem: Sendable, Equatable {
    let place: LogPlace
    let reason: String
  }

  let topic: String
  let isDryRun: Bool
  /// Sent back, or in a dry run: that would be.
  var sent = 0
  let replayedBefore: Int
  /// Not sent, and never will be as they are.
  let refused: [Problem]
  /// Not sent, or sent and not marked.
  var failed: [Problem] = []
  /// Chosen and not tried, because the run ended before.
  var untried = 0
  /// The broker stopped answering.
  var isCutShort = false

  init(topic: String, isDryRun: Bool = false, replayedBefore: Int = 0, refused: [Problem] = []) {
    self.topic = topic
    self.isDryRun = isDryRun
    self.replayedBefore = replayedBefore
    self.refused = refused
  }

  var exit: ControlExit {
    if isDryRun { return .success }
    if isCutShort { return .unavailable }
    return failed.isEmpty && refused.isEmpty && untried == 0 ? .success : .failed
  }

  var text: String {
    var parts = [isDryRun ? "\(sent) would be sent" : "\(sent) sent"]
    if replayedBefore > 0 { parts.append("\(replayedBefore) replayed before (--again sends them again)") }
    if !refused.isEmpty { parts.append("\(refused.count) refused") }
    if !failed.isEmpty { parts.append("\(failed.count) failed") }
    if untried > 0 { parts.append("\(untried) not tried (say the same again: it goes on there)") }
    return "\(topic): " + parts.joined(separator: ", ")
  }

  /// One line for each record that was not sent.
  var problems: [String] {
    refused.map { "refused \($0.place): \($0.reason)" } + failed.map { "failed \($0.place): \($0.reason)" }
  }

  var json: JSONValue {
    func list(_ problems: [Problem]) -> JSONValue {
      .array(
        problems.map {
          .object(JSONObject([("place", .string($0.place.description)), ("reason", .string($0.reason))]))
        })
    }
    return .object(
      JSONObject([
        ("topic", .string(topic)), ("dry_run", .boolean(isDryRun)), ("sent", .integer(sent)),
        ("replayed_before", .integer(replayedBefore)), ("refused", list(refused)), ("failed", list(failed)),
        ("untried", .integer(untried)),
      ]))
  }
}
