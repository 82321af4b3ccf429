import OnexCore

/// What must hold after any fault: what was sent is stored or put aside, once, as it was sent. Pure: it judges a record.
struct StorageCheck {
  enum Rule: String, Sendable {
    /// The broker has acknowledged it and does not have it.
    case notInLog
    case rowMissing
    case rowTwice
    case rowDiffers
    /// Nobody sent it.
    case rowUnknown
    case letterMissing
    /// It says another cause, or is not the original.
    case letterDiffers
    /// What it holds was good.
    case letterUnknown
    /// The group has not come to the end, or stands elsewhere.
    case notCommitted
  }

  struct Violation: Sendable, Hashable, CustomStringConvertible {
    let rule: Rule
    /// What it is about; `nil` for a dead letter of nobody.
    let table: ObservedTable?
    let detail: String

    var description: String { "\(rule.rawValue): \(detail)" }
  }

  private struct RowKey: Hashable {
    let table: ObservedTable
    let id: String
  }

  private let record: StorageRecord
  private(set) var violations: [Violation] = []

  static func violations(of record: StorageRecord) -> [Violation] {
    var check = StorageCheck(record: record)
    check.log()
    check.rows()
    check.letters()
    check.offsets()
    return check.violations
  }

  private init(record: StorageRecord) { self.record = record }

  private mutating func violated(_ rule: Rule, _ table: ObservedTable?, _ detail: String) {
    violations.append(Violation(rule: rule, table: table, detail: detail))
  }

  private mutating func log() {
    let logged = Set(record.log.values)
    for report in record.sent where !logged.contains(report.tag) {
      violated(.notInLog, report.table, "number \(report.tag) for \(report.table.topic)")
    }
  }

  // MARK: - Rows

  private mutating func rows() {
    let expected = expectedRows()
    var found: [RowKey: Int] = [:]
    for row in record.rows {
      let key = RowKey(table: row.table, id: row.id)
      found[key, default: 0] += 1
      guard let columns = expected[key] else {
        violated(.rowUnknown, row.table, "\(row.table.rawValue) \(row.id)")
        continue
      }
      if columns != row.columns {
        violated(
          .rowDiffers, row.table,
          "\(row.table.rawValue) \(row.id) is \(StorageCheck.text(row.columns)), not \(StorageCheck.text(columns))")
      }
    }
    for key in expected.keys where found[key] == nil { violated(.rowMissing, key.table, "\(key.table.rawValue) \(key.id)") }
    for (key, count) in found where count > 1 { violated(.rowTwice, key.table, "\(key.table.rawValue) \(key.id): \(count) rows") }
  }

  private func expectedRows() -> [RowKey: JSONObject] {
    var expected: [RowKey: JSONObject] = [:]
    for (place, tag) in record.log {
      let report = record.sent[tag]
      guard case .row(var columns) = report.outcome else { continue }
      if columns[report.table.key] == nil {
        columns[report.table.key] = (record.derivedIDs[place]?.description).map { .string($0) }
      }
      let key = RowKey(table: report.table, id: columns[report.table.key]?.string ?? "")
      if let other = expected[key], report.table == .executionLogs { columns = StorageCheck.merged(other, columns) }
      expected[key] = columns
    }
    return expected
  }

  private static let ranks = ["pending": 0, "started": 1, "running": 2, "completed": 3, "failed": 3]

  /// The farther of two states, with what only the other one has.
  static func merged(_ left: JSONObject, _ right: JSONObject) -> JSONObject {
    func reach(_ state: JSONObject) -> (Int, String) {
      (ranks[state["status"]?.string ?? ""] ?? -1, state["updated_at"]?.string ?? "")
    }
    let (winner, other) = reach(left) > reach(right) ? (left, right) : (right, left)
    var merged = winner
    for member in other.members where merged[member.name] == nil { merged[member.name] = member.value }
    var metadata = winner["metadata"]?.object ?? JSONObject()
    for member in other["metadata"]?.object?.members ?? [] where metadata[member.name] == nil {
      metadata[member.name] = member.value
    }
    merged["metadata"] = .object(metadata)
    return merged
  }

  private static func text(_ columns: JSONObject) -> String {
    JSONValue.object(JSONObject(columns.members.map { ($0.name, $0.value) }.sorted { $0.0 < $1.0 })).encoded().text
  }

  // MARK: - Dead letters and offsets

  private mutating func letters() {
    var aside: Set<StorageRecord.Place> = []
    for letter in record.letters {
      guard let place = letter.origin, let tag = record.log[place], case .letter(let code, let reason) = record.sent[tag].outcome
      else {
        violated(
          .letterUnknown, letter.origin.flatMap { ObservedTable.of(topic: $0.partition.topic) },
          "\(letter.topic): \(letter.origin?.description ?? "of no place"), \(letter.code): \(letter.reason)")
        continue
      }
      let report = record.sent[tag]
      let isOriginal =
        letter.topic == Topics.deadLetters(of: place.partition.topic) && letter.key == report.key && letter.value == report.value
      if letter.code == code, letter.reason.contains(reason), isOriginal {
        aside.insert(place)
      } else {
        violated(
          .letterDiffers, report.table,
          "\(letter.topic): \(place), \(letter.code): \(letter.reason), expected is \(code): \(reason) with key and value as sent"
        )
      }
    }
    for (place, tag) in record.log {
      guard case .letter(let code, let reason) = record.sent[tag].outcome, !aside.contains(place) else { continue }
      violated(.letterMissing, record.sent[tag].table, "\(place), \(code): \(reason)")
    }
  }

  private mutating func offsets() {
    for (partition, end) in record.ends where record.committed[partition] != end {
      let found = record.committed[partition].map(String.init) ?? "nothing"
      violated(
        .notCommitted, ObservedTable.of(topic: partition.topic), "\(partition.topic)[\(partition.partition)]: \(found) of \(end)")
    }
  }
}
