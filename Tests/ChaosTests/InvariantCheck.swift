/// What must hold after any fault. Pure: it judges a record.
struct InvariantCheck {
  enum Rule: String, Sendable {
    /// The broker has acknowledged the request and does not have it.
    case requestLost
    case unanswered
    /// Answers to one request differ in their id.
    case severalIdentities
    /// Answers to one request say different things.
    case severalAnswers
    case failed
    /// Answered, but the inbox knows nothing of it.
    case notRecorded
    case recordedTwice
    case runNotEnded
    case stepNotOnce
    case journalGap
    case streamGap
    case outOfOrder
    case deadLetter
    case timerLeft
    case memory
  }

  struct Violation: Sendable, Hashable, CustomStringConvertible {
    let rule: Rule
    let detail: String

    var description: String { "\(rule.rawValue): \(detail)" }
  }

  /// A service in a debug build.
  static let residentBytesMax = 200 << 20
  /// The steps of the workflow that the load asks for.
  static let steps = ["price", "note", "charge"]

  private let record: ChaosRecord
  private let requests: [String: SentRequest]
  private let answers: [String: [ChaosRecord.Answer]]
  private(set) var violations: [Violation] = []

  private init(_ record: ChaosRecord) {
    self.record = record
    requests = Dictionary(record.sent.map { ($0.id, $0) }) { first, _ in first }
    answers = Dictionary(grouping: record.answers, by: \.request)
  }

  static func violations(of record: ChaosRecord) -> [Violation] {
    var check = InvariantCheck(record)
    check.log()
    for request in record.sent { check.answer(to: request) }
    check.inbox()
    check.order()
    check.journal()
    check.workflows()
    check.leftovers()
    return check.violations
  }

  private mutating func violated(_ rule: Rule, _ detail: String) { violations.append(Violation(rule: rule, detail: detail)) }

  private mutating func log() {
    let requested = Set(record.requested)
    for request in record.sent where !requested.contains(request.id) { violated(.requestLost, "\(request.kind) \(request.id)") }
  }

  private mutating func answer(to request: SentRequest) {
    let name = "\(request.kind) \(request.id)"
    guard let all = answers[request.id], let first = all.first else { return violated(.unanswered, name) }
    let identities = Set(all.map(\.envelopeID))
    if identities.count > 1 { violated(.severalIdentities, "\(name) has answers \(identities.sorted())") }
    if Set(all).count > identities.count { violated(.severalAnswers, "\(name) has answers \(Set(all.map(\.payload)).sorted())") }
    let isLate = request.kind == .hasty && first.code == "DEADLINE_EXCEEDED"
    if !first.isSuccess, !isLate { violated(.failed, "\(name) was answered \(first.code ?? "nothing")") }
  }

  /// One row for each message that was answered.
  private mutating func inbox() {
    for (entry, count) in record.inbox where count > 1 {
      violated(.recordedTwice, "\(entry.consumer) has \(count) rows of \(entry.identity)")
    }
    for request in record.sent {
      guard let answer = answers[request.id]?.first else { continue }
      let own = ChaosRecord.identity(ofRequest: request.id)
      var expected = [(record.mainConsumer, own)]
      if request.kind == .write { expected.append((record.effectsConsumer, own)) }
      // The role's answer is a message to the router. A workflow and a missed deadline are answered by the router itself.
      if request.kind != .order, request.kind != .hasty {
        expected.append((record.mainConsumer, ChaosRecord.identity(ofResponse: answer.envelopeID)))
      }
      for (consumer, identity) in expected
      where record.inbox[ChaosRecord.InboxEntry(consumer: consumer, identity: identity)] == nil {
        violated(.notRecorded, "\(request.kind) \(request.id) is answered, but \(consumer) has no row of \(identity)")
      }
    }
  }

  /// First answers come in the order in which the requests lie in the log, for each key and way.
  private mutating func order() {
    var seen: Set<String> = []
    var last: [String: Int] = [:]
    var places: [String: Int] = [:]
    for (place, id) in record.requested.enumerated() where places[id] == nil { places[id] = place }
    for answer in record.answers where seen.insert(answer.request).inserted {
      guard let request = requests[answer.request], request.isOrdered, let place = places[answer.request] else { continue }
      let way = "\(request.kind) of \(request.key)"
      if let before = last[way], before > place {
        violated(.outOfOrder, "\(way): number \(request.sequence) was answered behind a later one")
      }
      last[way] = max(last[way] ?? 0, place)
    }
  }

  private mutating func journal() {
    for (place, event) in record.journal.enumerated() where event.sequence != Int64(place) + 1 {
      violated(.journalGap, "sequence \(event.sequence) lies at place \(place + 1)")
      break
    }
    if record.journalHead != Int64(record.journal.count) {
      violated(.journalGap, "the journal has \(record.journal.count) events and gives out \(record.journalHead) next to last")
    }
    let events = Dictionary(grouping: record.journal, by: \.stream)
    for stream in record.streams {
      let sequences = (events[stream.number] ?? []).map(\.streamSequence)
      if sequences != Array(1...max(1, stream.version)) {
        violated(.streamGap, "stream \(stream.number) of version \(stream.version) has events \(sequences)")
      }
    }
  }

  private mutating func workflows() {
    let streams = Dictionary(grouping: record.streams, by: \.correlationID)
    let events = Dictionary(grouping: record.journal, by: \.stream)
    for request in record.sent where request.kind == .order {
      let own = streams[request.id] ?? []
      guard own.count == 1, own[0].isClosed else {
        violated(.runNotEnded, "order \(request.id) has \(own.count) runs, \(own.filter(\.isClosed).count) of them ended")
        continue
      }
      let succeeded = (events[own[0].number] ?? []).filter { $0.type == "step.succeeded" }.compactMap(\.step)
      if succeeded != InvariantCheck.steps { violated(.stepNotOnce, "order \(request.id) did \(succeeded)") }
    }
  }

  private mutating func leftovers() {
    for letter in record.deadLetters { violated(.deadLetter, letter) }
    if record.timers > 0 { violated(.timerLeft, "\(record.timers) timers") }
    for (name, bytes) in record.resident.sorted(by: { $0.key < $1.key }) where bytes > InvariantCheck.residentBytesMax {
      violated(.memory, "\(name) had \(bytes >> 20) MiB")
    }
  }
}
