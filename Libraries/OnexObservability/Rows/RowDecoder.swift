import OnexCore
import OnexJSON

/// Turns events into rows. Reused for a batch: the JSON parser keeps its buffers.
struct RowDecoder: ~Copyable {
  private var parser = JSONParser()

  /// - Throws: `BadRow` with everything that is wrong with the event.
  mutating func decode(_ value: Bytes?, for table: ObservabilityTable) throws(BadRow) -> Row {
    guard let value else {
      throw BadRow(cause: .tombstone, reason: "the record has no value (a tombstone)", correlationID: nil)
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
    return try RowDecoder.row(of: event, for: table)
  }

  private static func row(of event: JSONObject, for table: ObservabilityTable) throws(BadRow) -> Row {
    var problems: [FieldProblem] = []
    var values: [Row.Value] = []
    values.reserveCapacity(table.columns.count)
    for column in table.columns {
      do throws(FieldProblem) {
        values.append(try FieldReader.value(event[column.name], of: column))
      } catch {
        problems.append(error)
        values.append(.null)
      }
    }
    var metadata = JSONObject()
    do throws(FieldProblem) {
      metadata = try MetadataReader.metadata(of: event, for: table)
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
}

/// One thing that is wrong with one field.
struct FieldProblem: Error {
  let cause: BadRow.Cause
  let message: String
}
