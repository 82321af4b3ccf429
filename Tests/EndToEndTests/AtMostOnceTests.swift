import Glibc
import OnexCore
import OnexJSON
import ProcessTestSupport
import Testing

/// Effects that must never run twice, with a callee that can tell.
@Suite(.timeLimit(.minutes(2))) struct AtMostOnceTests {
  private let run = RandomIDSource().next().description

  private func start(_ name: String) throws -> RunningService {
    try RunningService(
      name, run: run,
      settings: [
        "ONEX_GROUP_INSTANCE_ID": name, "ONEX_CONTRACTS_DIR": TestEnvironment.repository + "/Tests/EndToEndTests/Contracts",
      ])
  }

  @Test func aCallWhoseOutcomeWasLostIsNotMadeAgain() async throws {
    try await RuntimeTopics.make()
    let callee = try SilentServer()
    let main = try await start("runtime-main").untilReady()
    let first = try await start("runtime-effects").untilReady()
    let client = try Client()
    let id = client.newID()
    let reader = try await client.reader("responses")
    let payload = #"{"url":"http://127.0.0.1:\#(callee.port)/pay","body":"10 EUR"}"#
    try await client.publish(client.text("http.post", payload, id), to: "requests", key: Bytes(id.description))
    _ = try await TestEnvironment.eventually("the callee is called: \(first.process.output.suffix(500))") {
      callee.takeCall() ? true : nil
    }
    first.process.signal(SIGKILL)
    _ = try await first.process.exitCode(within: .seconds(10))

    let second = try start("runtime-effects")
    let answer = try await client.answer(to: id, reader, within: .seconds(60))
    #expect(answer["error"]?["code"] == "INDETERMINATE", "\(answer)")
    #expect(answer["error"]?["retryable"] == false)
    #expect(!callee.takeCall(), "the callee was called once")
    for service in [main, second] { #expect(try await service.stop() == 0, "\(service.process.output)") }
  }
}
