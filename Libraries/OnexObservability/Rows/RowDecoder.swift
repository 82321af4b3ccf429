import OnexCore
import OnexJSON

/// Turns events into rows. Reused for a batch: the JSON parser keeps its buffers.
struct RowDecoder: ~Copyable {
  private let policy: DecodingPolicy
  private let redactor = Redactor()
  private var parser = JSONParser()

  init(_ policy: DecodingPolicy = DecodingPolicy()) { self.policy = policy }

  /// - Parameters:
  ///   - receivedAt: for tables that keep when an event arrived.
  ///   - ageAt: the time that an event's age is counted to; absent, `receivedAt`.
  ///   - spent: the processor time of this thread.
  /// - Throws: `BadRow` with everything that is wrong with the event.
  mutating func decode(
    _ record: ConsumedRecord, for table: ObservabilityTable, receivedAt: Timestamp, ageAt: Timestamp? = nil,
    spent: @escaping () -> Duration = DecodingBudget.threadTime
  ) throws(BadRow) -> Row {
    let budget = DecodingBudget(policy.timeMax, spent: spent)
    guard let value = record.value else {
      throw BadRow(cause: .tombstone, reason: "the record has no value (a tombstone)", correlationID: nil)
    }
    guard value.count <= policy.recordBytesMax else {
      throw BadRow(
        cause: .tooLarge, reason: "the record has \(value.count) bytes, at most \(policy.recordBytesMax) are allowed",
        correlationID: nil)
    }
    let json: JSONValue
    do {
      json = try parser.parse(value)
    } catch {
      throw BadRow(cause: .invalidJSON, reason: error.description, correlationID: nil)
    }
    guard case .object(let event) = json else {
      throw BadRow(cause: .wrongType, reason: "the event is \(json.typeName), an object is expected", correlationID: nil)
    }
    var membersLeft = policy.membersMax
    guard RowDecoder.count(json, &membersLeft) else {
      throw BadRow(
        cause: .tooManyMembers, reason: "the event has more than \(policy.membersMax) members in all its objects",
        correlationID: RowDecoder.correlationID(event))
    }
    return try row(of: event, record, for: table, receivedAt: receivedAt, ageAt: ageAt ?? receivedAt, budget)
  }

  private func row(
    of event: JSONObject, _ record: ConsumedRecord, for table: ObservabilityTable, receivedAt: Timestamp, ageAt: Timestamp,
    _ budget: DecodingBudget
  ) throws(BadRow) -> Row {
    var reader = FieldReader(policy: policy, redactor: redactor, budget: budget)
    var problems: [FieldProblem] = []
    var values: [Row.Value] = []
    values.reserveCapacity(table.columns.count)
    for column in table.columns {
      do throws(FieldProblem) {
        let value = column.source == .received ? .timestamp(receivedAt) : try reader.value(event[column.name], of: column)
        values.append(value == .null && column.source == .derivedID ? .uuid(RowDecoder.derivedID(record)) : value)
      } catch {
        problems.append(error)
        values.append(.null)
      }
    }
    var metadata = JSONObject()
    do throws(FieldProblem) {
      metadata = try MetadataReader.metadata(of: event, for: table, &reader)
    } catch {
      problems.append(error)
    }
    if problems.isEmpty, let problem = expiry(of: values, in: table, at: ageAt) { problems.append(problem) }
    if problems.isEmpty, let problem = RowDecoder.advance(of: values, in: table, at: receivedAt) { problems.append(problem) }
    guard let first = problems.first else {
      return Row(values: values, metadata: JSONValue.object(metadata).encoded())
    }
    throw BadRow(
      cause: first.cause, reason: problems.map(\.message).joined(separator: "; "),
      correlationID: RowDecoder.correlationID(event))
  }

  private static func correlationID(_ event: JSONObject) -> CorrelationID? {
    event["correlation_id"]?.string.flatMap { RawUUID($0) }.map { CorrelationID($0) }
  }

  /// The row would be deleted at the next round of the retention: it is put aside, where a person sees it, and not lost without a word.
  private func expiry(of values: [Row.Value], in table: ObservabilityTable, at now: Timestamp) -> FieldProblem? {
    guard let days = policy.retention.days(of: table), let index = table.index(of: table.timeColumn),
      case .timestamp(let time) = values[index]
    else { return nil }
    // 3650 days at most, by the setting's range.
    let (cut, overflow) = now.microseconds.subtractingReportingOverflow(Int64(days) * 86_400_000_000)
    guard !overflow, time.microseconds < cut else { return nil }
    return FieldProblem(
      cause: .expired,
      message:
        "\(table.timeColumn) is \(time.rfc3339), and rows of \(table.name) are kept for \(days) days: the row would be deleted at once"
    )
  }

  /// A writer's clock may be ahead by this much.
  private static let aheadMax = Duration.seconds(86_400)

  /// Refuses a time in the far future where the later of two events wins: no later event could win any more.
  private static func advance(of values: [Row.Value], in table: ObservabilityTable, at now: Timestamp) -> FieldProblem? {
    guard case .farthest(_, _, let column, _) = table.rule, let index = table.index(of: column),
      case .timestamp(let time) = values[index], time > now + aheadMax
    else { return nil }
    return FieldProblem(
      cause: .outOfRange,
      message: "\(column) is \(time.rfc3339), more than a day ahead of this service's clock (\(now.rfc3339))")
  }

  /// Counts the members of all objects down from `left`.
  ///
  /// - Returns: whether there were no more.
  private static func count(_ value: JSONValue, _ left: inout Int) -> Bool {
    switch value {
    case .array(let elements):
      for element in elements where !count(element, &left) { return false }
    case .object(let object):
      left -= object.count
      guard left >= 0 else { return false }
      for member in object.members where !count(member.value, &left) { return false }
    case .null, .boolean, .number, .string: break
    }
    return true
  }

  /// As for envelopes without an id: the same whenever the record is read.
  private static func derivedID(_ record: ConsumedRecord) -> RawUUID {
    EnvelopeID(placeOf: record).uuid
  }
}

/// One thing that is wrong with one field.
struct FieldProblem: Error {
  let cause: BadRow.Cause
  let message: String
}
