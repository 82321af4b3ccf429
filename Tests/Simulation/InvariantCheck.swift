import OnexCore
import OnexInMemory
import OnexJSON
import OnexKernel
import OnexRuntime
import OnexTestSupport
import OnexWorkflow

/// What must hold at the end, whatever happened.
struct InvariantCheck: Sendable {
  let world: SharedWorld
  let sent: [ClientRequest]
  let answers: [SimulatedClient.Answer]
  /// A process was stopped for longer than its session. A handler that it had called before may do its work after that of the next
  /// owner, and after a compensation: only the callee could refuse it.
  let hasZombie: Bool

  func problems() async -> [String] {
    var problems = answered() + ordered() + counted() + outside() + (await kept())
    if world.store.timersPending > 0 { problems.append("timers are left: \(world.store.timerPurposes)") }
    if !world.bus.isDrained { problems.append("records are left") }
    let letters = world.bus.topicNames.filter { $0.hasSuffix(".dlq") }
    if !letters.isEmpty { problems.append("there are dead letters in \(letters)") }
    return problems + (await replayed())
  }

  /// Every request is answered, and all answers to one are the same.
  private func answered() -> [String] {
    let byRequest = Dictionary(grouping: answers, by: \.correlationID)
    var problems: [String] = []
    for request in sent {
      guard let answers = byRequest[request.correlationID], let first = answers.first else {
        problems.append("request \(request.number) (\(request.kind)) has no answer")
        continue
      }
      let differing = answers.contains {
        $0.envelopeID != first.envelopeID || $0.code != first.code || $0.content != first.content
      }
      if differing { problems.append("request \(request.number) (\(request.kind)) has differing answers: \(answers)") }
      if !request.allows(first.code) {
        problems.append("request \(request.number) (\(request.kind)) was answered \(first.code ?? "success"): \(first.content)")
      }
    }
    let deadlines = Dictionary(sent.map { ($0.correlationID, $0.deadline) }) { first, _ in first }
    for answer in answers where answer.code == ErrorCode.deadlineExceeded.rawValue {
      if let time = answer.time, let deadline = deadlines[answer.correlationID] ?? nil,
        time + world.storeClock.furthestAhead < deadline
      {
        problems.append("the deadline \(deadline.rfc3339) was over already at \(time.rfc3339): \(answer)")
      }
    }
    let known = Set(sent.map(\.correlationID))
    for answer in answers where !known.contains(answer.correlationID) { problems.append("nobody asked for \(answer)") }
    return problems
  }

  /// First answers of one kind and key come in the order in which they were asked for.
  private func ordered() -> [String] {
    let numbers = Dictionary(uniqueKeysWithValues: sent.map { ($0.correlationID, $0) })
    var last: [String: Int] = [:]
    var seen: Set<CorrelationID> = []
    var problems: [String] = []
    for answer in answers where seen.insert(answer.correlationID).inserted {
      // A deadline overtakes what it gives up.
      guard let request = numbers[answer.correlationID], request.kind == .echo || request.kind == .effect, request.deadline == nil
      else { continue }
      let place = "\(request.kind) \(request.key)"
      if let before = last[place], before > request.number {
        problems.append("\(place): request \(request.number) was answered after \(before)")
      }
      last[place] = request.number
    }
    return problems
  }

  /// Each request of a counter was counted once: the totals of a key are 1 to their number.
  private func counted() -> [String] {
    let byRequest = Dictionary(answers.map { ($0.correlationID, $0) }) { first, _ in first }
    let counts = sent.filter { $0.kind == .count }
    return Dictionary(grouping: counts, by: \.key).sorted { $0.key < $1.key }.compactMap { key, requests in
      let totals = requests.compactMap { request -> Int64? in
        guard let answer = byRequest[request.correlationID], answer.code == nil else { return nil }
        return (try? JSONValue.parse(answer.content))?["total"]?.integer
      }
      let answered = requests.filter { byRequest[$0.correlationID]?.code == nil }.count
      return totals.sorted() == Array(1...Int64(max(answered, 1))) || answered == 0
        ? nil : "counter \(key) counted \(totals) for \(answered) requests"
    }
  }

  /// Work that must run once at most did, whatever died.
  private func outside() -> [String] {
    world.clock.world.all.sorted { $0.key < $1.key }.compactMap { call, count in
      call.hasPrefix("once.call") && count > 1 ? "\(call) ran \(count) times" : nil
    }
  }

  /// What a saga has done is kept by one that succeeded, and by no other, unless its answer names the step.
  private func kept() async -> [String] {
    var problems: [String] = []
    for request in sent where !request.kind.entries.isEmpty {
      guard let answer = answers.first(where: { $0.correlationID == request.correlationID }) else { continue }
      let stream = StreamName(
        handler: String(request.kind.operation.prefix { $0 != "." }),
        key: MessageIdentity.request(request.envelopeID).uuid.description)
      let there = request.kind.entries.filter { world.clock.world.has("\(request.number)/\($0)") }
      guard let snapshot = try? await world.store.snapshots([stream])[stream] else {
        // Its deadline was over before it began.
        if !there.isEmpty { problems.append("request \(request.number) (\(request.kind)) left \(there) without a run") }
        continue
      }
      guard let body = (try? StreamState(snapshot.state))?.body, let run = try? WorkflowRun(json: body) else {
        problems.append("the run of request \(request.number) cannot be read")
        continue
      }
      problems += self.problems(of: run, there, request, answer)
    }
    return problems
  }

  private func problems(
    of run: WorkflowRun, _ there: [String], _ request: ClientRequest, _ answer: SimulatedClient.Answer
  ) -> [String] {
    let name = "the run of request \(request.number) (\(request.kind))"
    switch run.status {
    case .running, .compensating: return ["\(name) has not ended: \(run.status)"]
    case .succeeded:
      if answer.code != nil { return ["\(name) succeeded and was answered \(answer.code ?? ""): \(answer.content)"] }
      return there == request.kind.entries ? [] : ["\(name) succeeded and has made only \(there)"]
    case .failed:
      func names(_ details: JSONValue?, _ field: String) -> Set<String> {
        Set((details?[field]?.array ?? []).compactMap(\.string))
      }
      let end = run.error?.details
      let unknown = names(end, "outcome_unknown")
      let excused = unknown.union(names(end, "compensation_failed"))
      var problems = there.filter { !excused.contains($0) && !hasZombie }.map { "\(name) failed and kept \($0): \(run.steps)" }
      // The client was told of every step whose outcome was never learnt.
      let told = names(answer.details, "outcome_unknown")
      if !unknown.isSubset(of: told) {
        problems.append("\(name) did not say that \(unknown.subtracting(told)) may be done: \(answer)")
      }
      return problems
    }
  }

  private func replayed() async -> [String] {
    let table = ReducerTable(contracts: world.contracts.catalogue.contracts, types: [Tally.self, Workflow.self])
    let replay = JournalReplay(world.store, reducers: table)
    guard let report = try? await replay.run(.all) else { return ["the journal cannot be read"] }
    return report.drift.map { "stream \($0.stream): \($0.reason)" }
  }
}
