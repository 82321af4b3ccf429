import OnexCommandLine
import OnexCore

/// What a replay was asked to do. Pure.
struct ReplayWish: Sendable {
  private static let rateMax = 100_000

  let topic: String
  let aim: ReplaySelection.Aim
  let limit: Int?
  let pace: ReplayPace

  init(_ operands: [String], _ arguments: ArgumentSet, now: Timestamp) throws(ArgumentSet.Misuse) {
    let filter = try DeadLetterFilter(arguments, now: now)
    let rate = try arguments.count("--rate") ?? ReplayPace.defaultRate
    guard rate <= ReplayWish.rateMax else {
      throw ArgumentSet.Misuse(message: "--rate must be at most \(ReplayWish.rateMax) records a second")
    }
    pace = ReplayPace(rate: rate)
    limit = try arguments.count("--limit")
    guard let text = arguments.values["--at"] else {
      guard let topic = operands.first else {
        throw ArgumentSet.Misuse(message: "dlq replay needs a topic, or --at \(LogPlace.form)")
      }
      self.topic = topic
      aim = .matching(filter)
      return
    }
    let place = try LogPlace(typed: text)
    let others = DeadLetterFilter.options.map(\.name) + ["--limit"]
    if let other = others.first(where: { arguments.values[$0] != nil }) {
      throw ArgumentSet.Misuse(message: "--at names one record: it and \(other) exclude each other")
    }
    if let topic = operands.first, topic != place.topic {
      throw ArgumentSet.Misuse(message: "--at \(place) lies in \(place.topic), not in \(topic)")
    }
    topic = place.topic
    aim = .one(place)
  }
}
