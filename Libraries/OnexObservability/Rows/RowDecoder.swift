import OnexCore
import OnexJSON

/// Turns events into rows. Reused for a batch: the JSON parser keeps its buffers.
struct RowDecoder: ~Copyable {
  private let policy: DecodingPolicy
  private let redactor = Redactor()
  private var parser = JSONParser()

  init(_ policy: DecodingPolicy = DecodingPolicy()) { self.policy = policy }

  /// - Parameter receivedAt: for tables that keep when an event arrived.
  /// - Throws: `BadRow` with everything that is wrong with the event.
  mutating func decode(
    _ record: ConsumedRecord, for table: ObservabilityTable, receivedAt: Timestamp
  ) throws(BadRow) -> Row {
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
    return try row(of: event, record, for: table, receivedAt: receivedAt)
  }

  private func row(
    of event: JSONObject, _ record: ConsumedRecord, for table: ObservabilityTable, receivedAt: Timestamp
  ) throws(BadRow) -> Row {
    var reader = FieldReader(policy: policy, redactor: redactor)
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
    guard let first = problems.first else {
      return Row(values: values, metadata: JSONValue.object(metadata).encoded())
    }
    throw BadRow(
      cause: first.cause, reason: problems.map(\.message).joined(separator: "; "),
      correlationID: event["correlation_id"]?.string.flatMap { RawUUID($0) }.map { CorrelationID($0) })
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
