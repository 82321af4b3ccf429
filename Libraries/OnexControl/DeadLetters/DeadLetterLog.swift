import OnexCore
import OnexKafka

/// Dead-letter topics, read from their beginning to where they end when the reading starts.
struct DeadLetterLog: Sendable {
  /// How long the broker may give nothing while there is something to read.
  private static let silenceMax: Duration = .seconds(30)

  let topics: [String]
  private let bus: any EventBus
  private let clock: any RuntimeClock
  private let unavailable: @Sendable (EventBusError) -> ControlFailure

  init(
    topics: [String], bus: any EventBus, clock: any RuntimeClock,
    unavailable: @escaping @Sendable (EventBusError) -> ControlFailure
  ) {
    self.topics = topics
    self.bus = bus
    self.clock = clock
    self.unavailable = unavailable
  }

  /// - Parameter named: what was typed; empty for every dead-letter topic.
  init(_ named: [String], _ context: ControlContext) async throws(ControlFailure) {
    let (bus, connection) = (try context.eventBus(), try context.kafka())
    let existing: [String]
    do {
      existing = try await KafkaAdmin(connection).topics().map(\.name)
    } catch {
      throw context.unavailable(error)
    }
    self.init(
      topics: try DeadLetterTopics.choose(named, existing: existing), bus: bus, clock: context.clock,
      unavailable: context.unavailable)
  }

  /// Shows every record to `add`; nothing of a record stays but what `add` keeps.
  func reduce<State: Sendable>(
    _ initial: State, _ add: @Sendable (inout State, ConsumedRecord) -> Void
  ) async throws(ControlFailure) -> State {
    var state = initial
    try await each { records in
      for record in records { add(&state, record) }
      return true
    }
    return state
  }

  /// Shows records in batches of a few megabytes, those of a partition in order, until `body` returns false.
  func each(_ body: ([ConsumedRecord]) async -> Bool) async throws(ControlFailure) {
    guard !topics.isEmpty else { return }
    let reader: any EventReader
    do {
      reader = try await bus.reader(topics: topics, from: .beginning)
    } catch {
      throw unavailable(error)
    }
    let error = await read(reader, body)
    await reader.close()
    if let error { throw unavailable(error) }
  }

  /// - Returns: what ended it too early.
  private func read(_ reader: any EventReader, _ body: ([ConsumedRecord]) async -> Bool) async -> EventBusError? {
    var fault: EventBusError?
    var heard = clock.uptime()
    while reader.remaining() > 0 {
      for event in await reader.poll(PollLimit(records: 500)) {
        switch event {
        case .records(let records):
          guard await body(records) else { return nil }
          heard = clock.uptime()
        case .fault(let error) where error.isFatal: return error
        case .fault(let error): fault = error
        case .recovered: fault = nil
        default: break
        }
      }
      guard clock.uptime() - heard < DeadLetterLog.silenceMax else {
        return fault
          ?? EventBusError(.timedOut, "no record came for \(Int(DeadLetterLog.silenceMax.seconds)) s", isRetriable: true)
      }
    }
    return nil
  }
}
