import OnexCore
import Testing

/// The verdict itself: a record without fault passes, and each fault is named.
@Suite struct StorageCheckTests {
  private typealias Rule = StorageCheck.Rule

  private func rules(_ change: (inout StorageRecord) -> Void) -> Set<StorageCheck.Rule> {
    var record = StorageRecord.sound
    change(&record)
    return Set(StorageCheck.violations(of: record).map(\.rule))
  }

  @Test func aSoundRecordPasses() {
    #expect(StorageCheck.violations(of: .sound).isEmpty)
    #expect(rules { $0.letters += $0.letters } == [], "a dead letter may come twice")
    #expect(StorageRecord.sound.rows.count > 300 && StorageRecord.sound.letters.count > 10)
    #expect(Set(StorageRecord.sound.rows.map(\.table)).count == 7)
    #expect(Set(StorageRecord.sound.letters.map(\.code)) == ["TOMBSTONE", "INVALID_JSON", "SCHEMA_VIOLATION"])
    #expect(
      StorageRecord.sound.rows.count + StorageRecord.sound.letters.count < StorageRecord.sound.sent.count, "some are repeats")
  }

  @Test(arguments: ObservedTable.allCases) func aRowThatIsMissingOrThereTwiceIsFound(_ table: ObservedTable) throws {
    let index = try #require(StorageRecord.sound.rows.firstIndex { $0.table == table })
    #expect(rules { $0.rows.remove(at: index) } == [.rowMissing])
    #expect(rules { $0.rows.append($0.rows[index]) } == [.rowTwice])
  }

  @Test(arguments: ObservedTable.allCases) func aRowThatIsNotWhatWasSentIsFound(_ table: ObservedTable) throws {
    let sound = StorageRecord.sound
    let index = try #require(sound.rows.firstIndex { $0.table == table })
    for member in sound.rows[index].columns.members where member.name != table.key {
      let changed = rules { record in
        var columns = record.rows[index].columns
        columns[member.name] = "another"
        record.rows[index] = StorageRecord.Row(table: table, columns: columns)
      }
      #expect(changed == [.rowDiffers], "\(member.name)")
    }
  }

  @Test func aRowThatNobodySentIsFound() {
    #expect(
      rules { $0.rows.append(StorageRecord.Row(table: .agentActions, columns: JSONObject([("id", "unheard of")]))) }
        == [.rowUnknown])
  }

  @Test func anExecutionThatWentBackIsFound() throws {
    let sound = StorageRecord.sound
    let index = try #require(sound.rows.firstIndex { $0.columns["status"] == "completed" && $0.columns["started_at"] != nil })
    let back = rules { record in
      var columns = record.rows[index].columns
      columns["status"] = "started"
      record.rows[index] = StorageRecord.Row(table: .executionLogs, columns: columns)
    }
    #expect(back == [.rowDiffers])
  }

  @Test func whatTheBrokerHasLostIsFound() throws {
    let tag = try #require(StorageRecord.sound.sent.first { if case .letter = $0.outcome { true } else { false } }?.tag)
    let lost = rules { record in
      record.log = record.log.filter { $0.value != tag }
    }
    #expect(lost == [.notInLog, .letterUnknown])
  }

  @Test func deadLettersThatAreMissingOrSayAnotherThingAreFound() {
    #expect(rules { $0.letters.removeFirst() } == [.letterMissing])
    func changed(_ change: (StorageRecord.Letter) -> StorageRecord.Letter) -> Set<Rule> {
      rules { $0.letters[0] = change($0.letters[0]) }
    }
    #expect(changed { $0.with(code: "ANOTHER") } == [.letterDiffers, .letterMissing])
    #expect(changed { $0.with(value: "another") } == [.letterDiffers, .letterMissing])
    #expect(changed { $0.with(topic: "another.dlq") } == [.letterDiffers, .letterMissing])
    let partition = TopicPartition(ObservedTable.agentActions.topic, 77)
    #expect(changed { $0.with(origin: StorageRecord.Place(partition, 0)) } == [.letterUnknown, .letterMissing])
  }

  @Test func aGoodRecordThatWasPutAsideIsFound() throws {
    let good = try #require(
      StorageRecord.sound.log.first { if case .row = StorageRecord.sound.sent[$0.value].outcome { true } else { false } })
    #expect(rules { $0.letters.append($0.letters[0].with(origin: good.key)) } == [.letterUnknown])
  }

  @Test func offsetsThatAreNotTheEndAreFound() throws {
    let partition = try #require(StorageRecord.sound.ends.keys.first)
    #expect(rules { $0.committed[partition] = nil } == [.notCommitted])
    #expect(rules { $0.committed[partition, default: 0] -= 1 } == [.notCommitted])
    #expect(rules { $0.committed[partition, default: 0] += 1 } == [.notCommitted])
  }

  @Test func theFartherStateWinsInAnyOrder() {
    func state(_ status: String, _ second: Int, _ more: [(String, JSONValue)]) -> JSONObject {
      JSONObject(
        [("status", .string(status)), ("updated_at", .string("0\(second)")), ("metadata", .object(JSONObject([(status, 1)])))]
          + more)
    }
    let states = [
      state("completed", 4, [("exit_code", 0)]), state("running", 9, [("terminal_id", "t"), ("exit_code", 7)]),
      state("failed", 3, [("error_message", "e")]),
    ]
    let all: JSONValue = ["completed": 1, "running": 1, "failed": 1]
    for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0], [0, 2, 1]] {
      let merged = order.dropFirst().reduce(states[order[0]]) { StorageCheck.merged($0, states[$1]) }
      #expect(merged["status"] == "completed" && merged["updated_at"] == "04" && merged["metadata"] == all)
      #expect(merged["exit_code"] == 0 && merged["terminal_id"] == "t" && merged["error_message"] == "e")
    }
  }

  @Test func aSeedGivesTheSameReportsAgain() {
    let again = StorageRecord.reports(seed: 3)
    #expect(again.map(\.value) == StorageRecord.reports(seed: 3).map(\.value))
    #expect(again.map(\.value) != StorageRecord.reports(seed: 4).map(\.value))
  }
}

extension StorageRecord.Letter {
  fileprivate func with(
    topic: String? = nil, origin: StorageRecord.Place? = nil, code: String? = nil, value: Bytes? = nil
  ) -> StorageRecord.Letter {
    StorageRecord.Letter(
      topic: topic ?? self.topic, origin: origin ?? self.origin, code: code ?? self.code, reason: reason, key: key,
      value: value ?? self.value)
  }
}

extension StorageRecord {
  fileprivate static func reports(seed: UInt64) -> [Report] {
    var source = ReportSource(seed: seed, start: Timestamp(milliseconds: 1_700_000_000_000))
    return (0..<600).map { _ in source.next() }
  }

  /// What a consumer without fault makes of some hundred reports, worked out in the plainest way.
  fileprivate static let sound: StorageRecord = {
    var record = StorageRecord()
    record.sent = reports(seed: 7)
    var rows: [String: Row] = [:]
    for report in record.sent {
      let partition = TopicPartition(report.table.topic, Int32(report.tag % 3))
      let offset = record.ends[partition, default: 0]
      record.log[Place(partition, offset)] = report.tag
      record.ends[partition] = offset + 1
      switch report.outcome {
      case .letter(let code, let reason):
        record.letters.append(
          Letter(
            topic: Topics.deadLetters(of: partition.topic), origin: Place(partition, offset), code: code,
            reason: "it is so: \(reason)", key: report.key, value: report.value))
      case .row(var columns):
        if columns[report.table.key] == nil {
          let id = EnvelopeID(placeOf: ConsumedRecord(source: partition, offset: offset, key: nil, value: nil, timestamp: nil))
          record.derivedIDs[Place(partition, offset)] = id
          columns[report.table.key] = .string(id.description)
        }
        let name = "\(report.table) \(columns[report.table.key]?.string ?? "")"
        if let told = rows[name]?.columns, report.table == .executionLogs { columns = StorageCheck.merged(told, columns) }
        rows[name] = Row(table: report.table, columns: columns)
      }
    }
    record.rows = Array(rows.values)
    record.committed = record.ends
    return record
  }()
}
