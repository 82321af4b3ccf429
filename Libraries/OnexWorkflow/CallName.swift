/// The name of a run's message: a step or its compensation, and the number of the attempt. Its text names the intent.
struct CallName: Sendable, Hashable, CustomStringConvertible {
  let step: String
  let isCompensation: Bool
  let attempt: Int

  init(_ step: String, isCompensation: Bool, attempt: Int) {
    self.step = step
    self.isCompensation = isCompensation
    self.attempt = attempt
  }

  init?(_ text: some StringProtocol) {
    let parts = text.split(separator: "/")
    switch parts.count {
    case 2:
      guard let attempt = Int(parts[1]) else { return nil }
      self.init(String(parts[0]), isCompensation: false, attempt: attempt)
    case 3 where parts[1] == "compensation":
      guard let attempt = Int(parts[2]) else { return nil }
      self.init(String(parts[0]), isCompensation: true, attempt: attempt)
    default: return nil
    }
  }

  var description: String { "\(step)/\(isCompensation ? "compensation/" : "")\(attempt)" }

  /// The attempt after this one.
  var next: CallName { CallName(step, isCompensation: isCompensation, attempt: attempt + 1) }
}

/// The name of a run's timer.
enum TimerName: Sendable, Hashable, CustomStringConvertible {
  /// The whole run's time is over.
  case deadline
  /// An attempt has not been answered in time.
  case timeout(CallName)
  /// The backoff before an attempt is over.
  case retry(CallName)
  /// The answers of a step whose outcome is unknown are not waited for any longer.
  case late(String)

  init?(_ text: String) {
    if text == "deadline" {
      self = .deadline
    } else if text.hasPrefix("timeout/"), let call = CallName(text.dropFirst(8)) {
      self = .timeout(call)
    } else if text.hasPrefix("retry/"), let call = CallName(text.dropFirst(6)) {
      self = .retry(call)
    } else if text.hasPrefix("late/") {
      self = .late(String(text.dropFirst(5)))
    } else {
      return nil
    }
  }

  var description: String {
    switch self {
    case .deadline: "deadline"
    case .timeout(let call): "timeout/\(call)"
    case .retry(let call): "retry/\(call)"
    case .late(let step): "late/\(step)"
    }
  }
}
