import OnexCore
import OnexJSON
import Testing

@testable import OnexKernel

/// What a request meets in a plug-in that behaves, and in those that do not.
@Suite(.timeLimit(.minutes(2))) struct PluginHandlerTests {
  @Test func requestAndContractArriveAsTheyAre() async throws {
    let plugins = try CPlugins()
    try plugins.build(
      "Mirror",
      start: """
        char out[4096];
        snprintf(out, sizeof out,
          "{\\"operation\\":\\"%.*s\\",\\"payload\\":%.*s,\\"envelope\\":\\"%.*s\\",\\"correlation\\":\\"%.*s\\","
          "\\"key\\":\\"%.*s\\",\\"timeout\\":%lld,\\"deadline\\":%lld,\\"attempt\\":%d,\\"contract\\":%s}",
          (int)request->operation.count, (const char *)request->operation.data,
          (int)request->payload.count, (const char *)request->payload.data,
          (int)request->envelope_id.count, (const char *)request->envelope_id.data,
          (int)request->correlation_id.count, (const char *)request->correlation_id.data,
          (int)request->idempotency_key.count, (const char *)request->idempotency_key.data,
          (long long)request->timeout_ms, (long long)request->deadline_us, request->attempt, contract);
        succeed(complete, context, out);
        return 0;
        """,
      create: "memcpy(contract, setup->contract.data, setup->contract.count); return 0;",
      globals: "static char contract[2048];")
    let stage = try PluginStage(plugins.load(), "Mirror.Answer")
    let answer = try JSONValue.parse(try await stage.answer("{\"a\": [1, \"é\"]}"))
    #expect(answer["operation"] == "test.answer")
    #expect(answer["payload"] == ["a": [1, "é"]])
    #expect(answer["envelope"]?.string == EnvelopeID(RawUUID(random: 1, 2)).description)
    #expect(answer["correlation"]?.string == CorrelationID(RawUUID(random: 3, 4)).description)
    #expect(answer["key"] == answer["envelope"])
    #expect(answer["timeout"] == 5000)
    #expect(answer["deadline"] == 0)
    #expect(answer["attempt"] == 1)
    #expect(answer["contract"]?["handler_class"] == "Mirror.Answer")
    #expect(answer["contract"]?["timeout_ms"] == 5000)
    #expect(answer["contract"]?["operations"]?.array?.first?["name"] == "test.answer")
  }

  @Test func completionsMayComeFromAnyThread() async throws {
    let plugins = try CPlugins()
    try plugins.build(
      "Threaded",
      start: """
        void **job = malloc(2 * sizeof(void *));
        job[0] = (void *)complete; job[1] = context;
        pthread_t thread;
        pthread_create(&thread, 0, later, job);
        pthread_detach(thread);
        return job;
        """,
      globals: """
        #include <stdlib.h>
        static void *later(void *p) {
          void **job = p;
          succeed((onex_completion_v1)job[0], job[1], "{\\"from\\":\\"thread\\"}");
          return 0;
        }
        """)
    let stage = try PluginStage(plugins.load(), "Threaded.Answer")
    try await withThrowingTaskGroup(of: Bytes.self) { group in
      for _ in 0..<200 { group.addTask { try await stage.answer() } }
      for try await answer in group { #expect(answer == "{\"from\":\"thread\"}") }
    }
  }

  @Test func anErrorKeepsCodeMessageDetailsAndWhetherARetryMayHelp() async throws {
    let plugins = try CPlugins()
    try plugins.build("Erring", start: PluginHandlerTests.error("NOT_ALLOWED", details: "{\\\"limit\\\":3}", retriable: 1))
    try plugins.build("Odd", start: PluginHandlerTests.error("TEAPOT", details: "short, stout", retriable: 0))
    let found = plugins.load()
    #expect(
      try await PluginStage(found, "Erring.Answer").error()
        == ResponseError(.notAllowed, "not today", details: ["limit": 3], isRetryable: true))
    #expect(
      try await PluginStage(found, "Odd.Answer").error()
        == ResponseError(.handlerFailed, "TEAPOT: not today", details: "short, stout", isRetryable: false))
  }

  @Test(arguments: [
    ("NotJSON", "succeed(complete, context, \"{\");", "returned something that is not JSON"),
    ("NotAnObject", "succeed(complete, context, \"[1]\");", "returned JSON that is not an object"),
    ("Nothing", "succeed(complete, context, \"\");", "returned something that is not JSON"),
    ("NoResult", "complete(context, 0);", "completed the request without a result"),
    ("TooShort", "onex_result_v1 r = {.struct_size = 4}; complete(context, &r);", "result has struct_size 4"),
    ("NoStatus", "onex_result_v1 r = {.struct_size = sizeof r, .status = 9}; complete(context, &r);", "unknown status 9"),
  ])
  func aResultThatIsNoneFailsTheRequest(module: String, start: String, message: String) async throws {
    let plugins = try CPlugins()
    try plugins.build(module, start: start + " return 0;")
    let error = try await PluginStage(plugins.load(), "\(module).Answer").error()
    #expect(error.code == .handlerFailed)
    #expect(error.message.contains(message), "\(error.message)")
  }

  @Test func aSecondCompletionIsIgnoredAndReported() async throws {
    let plugins = try CPlugins()
    try plugins.build(
      "Stutter",
      start: "succeed(complete, context, \"{\\\"n\\\":1}\"); succeed(complete, context, \"{\\\"n\\\":2}\"); return 0;")
    let stage = try PluginStage(plugins.load(), "Stutter.Answer")
    for _ in 0..<4 { #expect(try await stage.answer() == "{\"n\":1}") }
    // Four of them, told at the first, second and fourth.
    #expect(stage.log.messages == Array(repeating: "plug-in completed a request twice", count: 3))
  }

  @Test func aRequestThatIsNeverCompletedTimesOutAndIsCancelledOnce() async throws {
    let plugins = try CPlugins()
    let file = try plugins.build("Hanging", start: "return (void *)8;")
    let stage = try PluginStage(plugins.load(), "Hanging.Answer")
    let counts = try PluginCounters(file)
    #expect(try await stage.timedOut(counts).code == .handlerTimeout)
    await counts.until { $0.cancels == 1 }
    #expect(counts.releases == 0)
  }

  @Test func aCallThatEndsWhenItIsCancelledIsReleased() async throws {
    let plugins = try CPlugins()
    let file = try plugins.build(
      "Obedient", start: "done = complete; last = context; return (void *)8;",
      cancel: "succeed(done, last, \"{\\\"late\\\":true}\");",
      globals: "static onex_completion_v1 done; static void *last;")
    let stage = try PluginStage(plugins.load(), "Obedient.Answer")
    // More often than calls may be left open: none of these is.
    let counts = try PluginCounters(file)
    for _ in 0..<(PluginCalls.abandonedMax + 2) { #expect(try await stage.timedOut(counts).code == .handlerTimeout) }
    await counts.until { $0.releases == PluginCalls.abandonedMax + 2 }
    #expect(counts.cancels == PluginCalls.abandonedMax + 2)
    #expect(stage.log.messages.isEmpty)
  }

  @Test func aPluginThatNeverEndsItsCallsGetsNoMoreOfThem() async throws {
    let plugins = try CPlugins()
    let file = try plugins.build("Hoarding", start: "return 0;")
    let stage = try PluginStage(plugins.load(), "Hoarding.Answer")
    let counts = try PluginCounters(file)
    for _ in 0..<PluginCalls.abandonedMax { #expect(try await stage.timedOut(counts).code == .handlerTimeout) }
    let error = try await stage.error()
    #expect(error.code == .handlerUnavailable)
    #expect(error.message.contains("the process must be restarted"))
    #expect(counts.starts == PluginCalls.abandonedMax)
  }

  @Test func thePluginOfTheReferencePageWorks() async throws {
    let page = try TemporaryFolder.read("\(CPlugins.repository)/docs/reference/plugins.md")
    let fenced = try #require(page.split(separator: "```").first { $0.hasPrefix("c\n") })
    let plugins = try CPlugins()
    try plugins.build("Echoes", String(fenced.dropFirst(2)))
    #expect(try await PluginStage(plugins.load(), "Echoes.Echo").answer("{\"a\":1}") == "{\"a\":1}")
  }

  private static func error(_ code: String, details: String, retriable: Int) -> String {
    """
    onex_result_v1 result = {.struct_size = sizeof result, .status = ONEX_ERROR_V1, .retriable = \(retriable),
      .error_code = text("\(code)"), .error_message = text("not today"), .error_details = text("\(details)")};
    complete(context, &result);
    return 0;
    """
  }
}
