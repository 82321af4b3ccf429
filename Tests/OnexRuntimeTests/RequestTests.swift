import OnexCore
import OnexJSON
import OnexTestSupport
import Testing

/// What a client sees, over all roles.
@Suite(.timeLimit(.minutes(1))) struct RequestTests {
  @Test func aRequestIsAnsweredByItsRole() async throws {
    let harness = try Harness()
    let answer = try await harness.runtime.withRunning { try await harness.ask("quick.echo", #"{ "n": 1.10 }"#) }
    #expect(answer["success"] == true && answer["is_response"] == true)
    #expect(answer["handler"] == "quick" && answer["operation"] == "quick.echo")
    #expect(answer["payload"]?.encoded() == #"{"n":1.10}"#)
  }

  @Test func theResponseNamesTheRequestAndCarriesItsMetadata() async throws {
    let harness = try Harness()
    let id = "0193a5c8-7f2e-4b61-8a55-0123456789ab"
    let answer = try await harness.runtime.withRunning {
      try await harness.ask(
        "quick.echo", extra: #","envelope_id":"\#(id)","metadata":{"tenant":"t1"},"x_custom":[1],"source_node":"me""#)
    }
    #expect(answer["causation_id"]?.string == id)
    #expect(answer["metadata"] == ["tenant": "t1"])
    #expect(answer["x_custom"] == [1])
    #expect(answer["target_node"] == "me")
  }

  /// Where an answer belongs is the runtime's to say, however a client escapes the field's name.
  @Test(arguments: [
    #","onex_reply_to":"deadline""#, #","onex\u005freply_to":"deadline""#, #","\u006fnex_reply_to":"write/1#document/x""#,
    #","onex_reply_to":"deadlin\u0065","deadline":"2999-01-01T00:00:00Z""#,
  ])
  func aReplyMarkOfAClientIsTakenOut(_ extra: String) async throws {
    let harness = try Harness()
    let answer = try await harness.runtime.withRunning { try await harness.ask("quick.echo", extra: extra) }
    #expect(answer["success"] == true && answer["onex_reply_to"] == nil)
    #expect(answer.object?.members.allSatisfy { !$0.name.contains("reply") } == true)
  }

  @Test func anEscapedOperationIsTheOneThatRuns() async throws {
    let harness = try Harness()
    let id = CorrelationID(RawUUID(random: 7, 8))
    let text = #"{"op\u0065ration":"quick\u002eecho","correlation\u005fid":"\#(id)","succ\u0065ss":false,"payload":{"a":1}}"#
    let answer = try await harness.runtime.withRunning { try await harness.send(Bytes(text), id) }
    #expect(answer["success"] == true && answer["operation"] == "quick.echo" && answer["payload"] == ["a": 1])
  }

  @Test func aContractWithoutOperationsAnswersItsPrefix() async throws {
    let harness = try Harness()
    let answer = try await harness.runtime.withRunning { try await harness.ask("prefixed.anything.at_all") }
    #expect(answer["success"] == true && answer["handler"] == "prefixed_handler")
  }

  @Test(arguments: [
    ("nobody.knows", "{}", "UNKNOWN_OPERATION"), ("strict.echo", #"{"n":"x"}"#, "SCHEMA_VIOLATION"),
    ("strict.echo", "{}", "SCHEMA_VIOLATION"), ("strict.echo", #"{"n":1,"n":2}"#, "SCHEMA_VIOLATION"),
    ("broken.throw", "{}", "HANDLER_FAILED"), ("broken.text", "{}", "HANDLER_FAILED"),
    ("broken.array", "{}", "HANDLER_FAILED"), ("broken.large", "{}", "OUTPUT_TOO_LARGE"), ("broken.exact", "{}", "NOT_ALLOWED"),
    ("missing.call", "{}", "HANDLER_UNAVAILABLE"), ("state.apply", "{}", "HANDLER_UNAVAILABLE"),
  ])
  func everyFailureIsAResponse(_ operation: String, _ payload: String, _ code: String) async throws {
    let harness = try Harness()
    let answer = try await harness.runtime.withRunning { try await harness.ask(operation, payload) }
    #expect(answer["success"] == false)
    #expect(answer["error"]?["code"]?.string == code)
    #expect(answer["error"]?["message"]?.string?.isEmpty == false)
  }

  @Test func aSchemaViolationNamesEachPath() async throws {
    let harness = try Harness()
    let answer = try await harness.runtime.withRunning { try await harness.ask("strict.echo", #"{"n":"x"}"#) }
    #expect(answer["error"]?["details"]?.array?.first?["path"]?.string == "/n")
  }

  @Test func aHandlersOwnErrorKeepsItsDetails() async throws {
    let harness = try Harness()
    let answer = try await harness.runtime.withRunning { try await harness.ask("broken.exact") }
    #expect(answer["error"]?["details"] == ["place": "here"])
    #expect(answer["error"]?["retryable"] == true)
  }

  @Test func aPassedDeadlineIsAnsweredInsteadOfRun() async throws {
    let harness = try Harness()
    let answer = try await harness.runtime.withRunning {
      try await harness.ask("quick.echo", extra: #","deadline":"2020-01-01T00:00:00Z""#)
    }
    #expect(answer["error"]?["code"] == "DEADLINE_EXCEEDED")
  }

  /// Not an envelope: a dead letter with everything it came with, an error response where the sender is known, and its
  /// neighbours answered.
  @Test func aRecordThatIsNoEnvelopeEndsInTheDeadLettersAndHarmsNobody() async throws {
    let harness = try Harness()
    try await harness.runtime.withRunning {
      let producer = try harness.runtime.bus.producer()
      let broken = OutboundRecord(topic: "requests", key: "k", value: "not json", headers: [RecordHeader("h", "v")])
      let failures = await producer.publish([broken])
      #expect(failures.isEmpty)
      let id = try #require(RawUUID("0193a5c8-7f2e-4b61-8a55-0123456789ab"))
      let answer = try await harness.send(
        #"{"operation":"NOPE","correlation_id":"0193a5c8-7f2e-4b61-8a55-0123456789ab"}"#, CorrelationID(id))
      #expect(answer["error"]?["code"] == "INVALID_ENVELOPE")
      let neighbour = try await harness.ask("quick.echo")
      #expect(neighbour["success"] == true)
    }
    let letters = try await harness.records(of: "requests.dlq")
    #expect(letters.count == 2)
    let letter = try #require(letters.first { $0.value == "not json" })
    #expect(letter.key == "k")
    func header(_ name: String) -> String? { letter.headers.first { $0.name == name }?.value?.text }
    #expect(header("h") == "v")
    #expect(header("onex_dlq_error_code") == "INVALID_JSON")
    #expect(header("onex_dlq_original_topic") == "requests")
    #expect(header("onex_dlq_consumer_group") == "onex-runtime-main")
    #expect(header("onex_dlq_original_offset") != nil && header("onex_dlq_failure_reason") != nil)
  }

  @Test func recordsOfOneKeyAreAnsweredInOrderWhileOthersRun() async throws {
    let harness = try Harness()
    try await harness.runtime.withRunning {
      let reader = try await harness.runtime.bus.reader(topics: ["responses"], from: .end)
      let producer = try harness.runtime.bus.producer()
      let records = (0..<400).map { index in
        let key = "key-\(index % 8)"
        let id = RandomIDSource().next()
        return OutboundRecord(
          topic: "requests", key: Bytes(key),
          value: Bytes(
            #"{"operation":"\#(index % 3 == 0 ? "quick" : "slow").echo","correlation_id":"\#(id)","payload":{"k":"\#(key)","n":\#(index)}}"#
          ))
      }
      let failures = await producer.publish(records)
      #expect(failures.isEmpty)
      var order: [String: [Int64]] = [:]
      var count = 0
      while count < records.count {
        for case .records(let answers) in await reader.poll(PollLimit()) {
          for answer in answers {
            let payload = try JSONValue.parse(answer.value ?? .empty)["payload"]
            order[payload?["k"]?.string ?? "", default: []].append(payload?["n"]?.integer ?? -1)
            count += 1
          }
        }
      }
      #expect(order.count == 8)
      #expect(order.values.allSatisfy { $0 == $0.sorted() })
    }
  }

  @Test func aRepeatedRequestIsAnsweredFromTheRecordAndNotRunAgain() async throws {
    let harness = try Harness()
    let (first, second) = try await harness.runtime.withRunning {
      let first = try await harness.ask("counted.call", extra: #","idempotency_key":"order-7""#)
      return (first, try await harness.ask("counted.call", extra: #","idempotency_key":"order-7""#))
    }
    #expect(first["payload"]?["run"] == second["payload"]?["run"])
    #expect(first["correlation_id"] != second["correlation_id"])
    #expect(first["envelope_id"] != second["envelope_id"])
  }

  /// A computation is done again for whoever repeats it, and a key that stands for another one is not used for two. With a deadline,
  /// too: it does not answer a second time.
  @Test(arguments: [false, true]) func aKeyStandsForOneComputation(hasDeadline: Bool) async throws {
    try await Harness.simulate { harness, clock in
      let deadline = hasDeadline ? #","deadline":"\#((clock.now() + .seconds(5)).rfc3339)""# : ""
      let extra = #","idempotency_key":"sum-1""# + deadline
      let first = try await harness.ask("quick.echo", #"{"n":1}"#, extra: extra)
      let repeated = try await harness.ask("quick.echo", #"{"n":1}"#, extra: extra)
      #expect(first["payload"] == ["n": 1] && repeated["payload"] == ["n": 1])
      #expect(first["correlation_id"] != repeated["correlation_id"])
      let other = try await harness.ask("quick.echo", #"{"n":2}"#, extra: extra)
      #expect(other["success"] == false && other["error"]?["code"] == "CONFLICT", "\(other)")
      try await clock.sleep(for: .seconds(30))
      #expect(try await harness.records(of: "responses").count == 3)
    }
  }
}
