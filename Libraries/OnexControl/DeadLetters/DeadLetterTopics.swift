import OnexCore

/// Which topics of the broker are meant. Pure.
enum DeadLetterTopics {
  static let suffix = ".dlq"

  /// - Parameters:
  ///   - named: what was typed; empty for all of them.
  ///   - existing: every topic of the broker.
  static func choose(_ named: [String], existing: [String]) throws(ControlFailure) -> [String] {
    let known = existing.filter { $0.hasSuffix(suffix) }.sorted()
    guard !named.isEmpty else { return known }
    var chosen: [String] = []
    for name in named where !chosen.contains(name) {
      guard known.contains(name) else { throw ControlFailure(exit: .usage, message: unknown(name, known, existing)) }
      chosen.append(name)
    }
    return chosen
  }

  private static func unknown(_ name: String, _ known: [String], _ existing: [String]) -> String {
    let what = existing.contains(name) ? "\(name) is no dead-letter topic" : "there is no dead-letter topic \"\(name)\""
    guard !known.isEmpty else { return "\(what); the broker has no topic that ends in \(suffix)" }
    let guess = known.contains(name + suffix) ? name + suffix : NearestName.suggestion(for: name, among: known)
    let hint = guess.map { "; did you mean \($0)?" } ?? ""
    return "\(what)\(hint)\nthere are: \(known.joined(separator: ", "))"
  }
}
