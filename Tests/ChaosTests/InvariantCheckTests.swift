import Testing

/// The check itself: a record without fault passes, and each fault is named.
@Suite struct InvariantCheckTests {
  private typealias Rule = InvariantCheck.Rule

  private func rules(_ change: (inout ChaosRecord) -> Void) -> Set<InvariantCheck.Rule> {
    var record = ChaosRecord.sound
    change(&record)
    return Set(InvariantCheck.violations(of: record).map(\.rule))
  }

  @Test func aSoundRecordPasses() {
    #expect(InvariantCheck.violations(of: .sound).isEmpty)
    #expect(rules { $0.answers += $0.answers } == [], "the same answer twice is no fault")
    #expect(rules { $0.requested += $0.requested } == [], "nor is the same request")
  }

  @Test func whatIsNotAnsweredIsFound() {
    #expect(rules { $0.answers.removeAll { $0.request == "echo-1" } } == [.unanswered])
  }

  @Test func whatTheBrokerHasLostIsFound() {
    #expect(rules { $0.requested.removeAll { $0 == "write-1" } } == [.requestLost])
  }

  @Test func answersThatDifferAreFound() {
    let changed = rules { record in
      let answer = record.answers[0]
      record.answers.append(
        ChaosRecord.Answer(
          request: answer.request, envelopeID: answer.envelopeID, isSuccess: true, code: nil, payload: "another"))
    }
    #expect(changed == [.severalAnswers])
    let renamed = rules { record in
      let answer = record.answers[0]
      record.answers.append(
        ChaosRecord.Answer(
          request: answer.request, envelopeID: "another", isSuccess: true, code: nil, payload: answer.payload))
    }
    #expect(renamed == [.severalIdentities])
  }

  @Test func onlyATightDeadlineMayFail() {
    func failing(_ request: String, _ code: String) -> Set<Rule> {
      rules { record in
        record.answers = record.answers.map { answer in
          guard answer.request == request else { return answer }
          return ChaosRecord.Answer(
            request: request, envelopeID: answer.envelopeID, isSuccess: false, code: code, payload: answer.payload)
        }
      }
    }
    #expect(failing("hasty-1", "DEADLINE_EXCEEDED") == [])
    #expect(failing("hasty-1", "INTERNAL_ERROR") == [.failed])
    #expect(failing("echo-1", "DEADLINE_EXCEEDED") == [.failed])
  }

  @Test func whatTheInboxDoesNotKnowOrKnowsTwiceIsFound() {
    for (consumer, identity) in [("main", "echo-1"), ("main", "answer-echo-1"), ("main", "order-1"), ("effects", "write-1")] {
      let entry = ChaosRecord.InboxEntry(consumer: consumer, identity: identity)
      #expect(rules { $0.inbox[entry] = nil } == [.notRecorded], "\(entry)")
      #expect(rules { $0.inbox[entry] = 2 } == [.recordedTwice], "\(entry)")
    }
  }

  @Test func anOrderThatIsTurnedAroundIsFound() {
    #expect(rules { $0.answers.swapAt(0, 1) } == [.outOfOrder])
    #expect(rules { $0.requested.swapAt(0, 1) } == [.outOfOrder])
  }

  @Test func gapsInTheJournalAreFound() {
    #expect(rules { $0.journalHead += 1 } == [.journalGap])
    #expect(rules { $0.journal.remove(at: 0) }.isSuperset(of: [.journalGap, .streamGap]))
    #expect(
      rules { record in
        record.streams = record.streams.map {
          ChaosRecord.Stream(
            number: $0.number, correlationID: $0.correlationID, version: $0.version + 1, isClosed: $0.isClosed)
        }
      } == [.streamGap])
  }

  @Test func runsThatDoNotEndOrDoAStepTwiceAreFound() {
    #expect(rules { $0.streams = [] } == [.runNotEnded])
    let open = rules { record in
      record.streams = record.streams.map {
        ChaosRecord.Stream(number: $0.number, correlationID: $0.correlationID, version: $0.version, isClosed: false)
      }
    }
    #expect(open == [.runNotEnded])
    let twice = rules { record in
      record.journal = record.journal.map { event in
        guard event.step == "charge" else { return event }
        return ChaosRecord.Event(
          sequence: event.sequence, stream: event.stream, streamSequence: event.streamSequence, type: event.type, step: "note")
      }
    }
    #expect(twice == [.stepNotOnce])
  }

  @Test func whatIsLeftIsFound() {
    #expect(rules { $0.deadLetters = ["requests.dlq[0]@0"] } == [.deadLetter])
    #expect(rules { $0.timers = 1 } == [.timerLeft])
    #expect(rules { $0.resident["runtime-main"] = 201 << 20 } == [.memory])
  }
}

extension ChaosRecord {
  /// One request of each kind, and a second one of a key, without fault.
  fileprivate static var sound: ChaosRecord {
    var record = ChaosRecord()
    (record.mainConsumer, record.effectsConsumer) = ("main", "effects")
    for (sequence, name) in ["echo-1", "echo-2", "write-1", "order-1", "patient-1", "hasty-1"].enumerated() {
      guard let kind = SentRequest.Kind(rawValue: String(name.dropLast(2))) else { continue }
      record.sent.append(SentRequest(id: name, kind: kind, key: kind == .echo ? "k" : name, sequence: sequence))
      record.requested.append(name)
      record.answers.append(
        Answer(request: name, envelopeID: "answer-\(name)", isSuccess: true, code: nil, payload: "{}"))
      for identity in [name, "answer-\(name)"] { record.inbox[InboxEntry(consumer: "main", identity: identity)] = 1 }
      if kind == .write { record.inbox[InboxEntry(consumer: "effects", identity: name)] = 1 }
    }
    let types: [(String, String?)] =
      [("workflow.started", nil)] + InvariantCheck.steps.map { ("step.succeeded", $0) } + [("workflow.succeeded", nil)]
    for (place, event) in types.enumerated() {
      record.journal.append(
        Event(
          sequence: Int64(place) + 1, stream: 9, streamSequence: Int64(place) + 1, type: event.0, step: event.1))
    }
    record.journalHead = Int64(types.count)
    record.streams = [Stream(number: 9, correlationID: "order-1", version: Int64(types.count), isClosed: true)]
    record.resident = ["runtime-main": 100 << 20]
    return record
  }
}
