import OnexCore
import OnexKernel
import Testing

@Suite struct ContractDirectoryTests {
  private static func minimal(_ name: String, _ rest: String = "") -> String {
    "handler_name: \(name)\nhandler_class: OnexCompute.EchoHandler\nhandler_type: compute\n\(rest)"
  }

  private func operation(_ name: String) throws -> Operation { try #require(Operation(name)) }

  private func problems(_ text: String, trusting: [String]? = nil) -> [String] {
    let folder = ContractsFolder()
    folder.write("h/contract.yaml", text)
    return folder.shown(folder.load(trusting: trusting).problems)
  }

  @Test func aContractWithEverythingIsRead() throws {
    let folder = ContractsFolder()
    folder.write("schemas/out.json", "{\"type\": \"object\"}")
    folder.write(
      "handlers/x/handler_contract.yaml",
      """
      handler_name: x
      handler_class: OnexEffects.HTTPHandler
      handler_type: effect
      contract_version: 1.2.0
      description: Text
      tags: [a, b]
      timeout_ms: 1000
      output_schema: schemas/out.json
      max_concurrency: 4
      operations:
        - x.get
        - name: x.post
          input_schema: {type: object, required: [url]}
          timeout_ms: 50
          delivery: at_most_once
          max_concurrency: 1
          retry: {max_attempts: 2, initial_backoff_ms: 10, max_backoff_ms: 20, multiplier: 3, jitter: 0}
          circuit_breaker: {failure_threshold: 2, reset_timeout_ms: 5, half_open_successes: 3}
      security: {trusted_namespace: OnexEffects, audit_logging: true, requires_authentication: true,
        allowed_hosts: [Localhost, "127.0.0.1:80", "*.example.com", "::1", "[::1]:81"], allowed_paths: [/app/data]}
      event_bus: {subscribe_topics: [effect-requests], publish_topics: [onex.evt.platform.node-heartbeat.v1]}
      """)
    let catalogue = folder.load(trusting: ["OnexEffects"])
    #expect(folder.shown(catalogue.problems) == [])
    let contract = try #require(catalogue.contracts.first)
    #expect(contract.name == "x")
    #expect(contract.kind == .effect)
    #expect(contract.handlerClass.description == "OnexEffects.HTTPHandler")
    #expect(contract.version == "1.2.0")
    #expect(contract.tags == ["a", "b"])
    #expect(contract.security.allowedHosts == ["localhost", "127.0.0.1:80", "*.example.com", "::1", "[::1]:81"])
    #expect(contract.security.auditLogging && contract.security.requiresAuthentication)
    #expect(contract.eventBus.publishTopics.map(\.description) == ["onex.evt.platform.node-heartbeat.v1"])
    #expect(contract.file == folder.path + "/handlers/x/handler_contract.yaml")
    let get = try #require(catalogue.router.route(operation("x.get"))?.settings)
    #expect(get.timeout == .seconds(1) && get.maxConcurrency == 4 && get.delivery == .atLeastOnce)
    #expect(get.retry == .never && get.circuitBreaker == nil && get.inputSchema == nil && get.outputSchema != nil)
    let post = try #require(catalogue.router.route(operation("x.post"))?.settings)
    #expect(post.timeout == .milliseconds(50) && post.maxConcurrency == 1 && post.delivery == .atMostOnce)
    #expect(
      post.retry
        == RetryPolicy(
          attemptsMax: 2, initialBackoff: .milliseconds(10), maxBackoff: .milliseconds(20), multiplier: 3, jitter: 0))
    #expect(post.circuitBreaker?.halfOpenSuccesses == 3)
    #expect(post.inputSchema?.validate([:]).count == 1)
    #expect(post.outputSchema != nil)
  }

  @Test func theContractsOfThisRepositoryAreValid() throws {
    let root = #filePath.split(separator: "/").dropLast(4).map { "/" + $0 }.joined()
    let catalogue = ContractDirectory.load(root + "/contracts", trustedNamespaces: ["OnexCompute", "OnexEffects"])
    #expect(catalogue.problems.map(\.description) == [])
    #expect(catalogue.contracts.map(\.name) == ["aggregate", "document", "echo", "filesystem", "hash", "http", "transform"])
    #expect(catalogue.router.routes.count == 26)
    let hash = try #require(catalogue.router.route(operation("hash.sha256"))?.settings.inputSchema)
    #expect(hash.validate(["text": "abc"]).isEmpty)
    #expect(hash.validate(["text": "abc", "base64": ""]).count == 1)
    let post = try #require(catalogue.router.route(operation("http.post"))?.settings.inputSchema)
    #expect(post.validate(["url": "http://localhost", "json": [1]]).isEmpty)
    #expect(
      post.validate(["url": "http://localhost", "json": 1, "body": ""]).map(\.description) == [
        "the document must not be or have: more than one of body, json and body_base64"
      ])
  }

  @Test func nameIsAcceptedForHandlerName() {
    let text = "name: x\nhandler_class: M.T\nhandler_type: compute\n"
    #expect(problems(text) == [])
    #expect(
      problems(text + "handler_name: y\n") == [
        "h/contract.yaml:1:7: INVALID_FIELD: name and handler_name mean the same and differ; leave one out"
      ])
  }

  @Test func everyMissingFieldIsReported() {
    #expect(
      problems("description: x\n") == [
        "h/contract.yaml:1:1: MISSING_FIELD: handler_name is required",
        "h/contract.yaml:1:1: MISSING_FIELD: handler_class is required",
        "h/contract.yaml:1:1: MISSING_FIELD: handler_type is required",
      ])
  }

  @Test func manyProblemsOfOneFileAreReportedInItsOrder() {
    let found = problems(
      """
      handler_name: Bad Name
      handler_class: JustAType
      handler_type: efect
      timeout_ms: 0
      retyr: 3
      retry: {max_attempts: 0, jitter: 2}
      operations:
        - Http.Get
        - name: a.b
          input_schema: {tpye: object, required: x}
        - a.b
        - {timeout_ms: 5}
      security:
        allowed_hosts: ["http://x"]
        allowed_paths: [data/../x]
      event_bus: {publish_topics: ["a b"]}
      delivery: twice
      """)
    let places = found.map { $0.split(separator: " ").prefix(2).joined(separator: " ") }
    #expect(
      places == [
        "h/contract.yaml:1:15: INVALID_FIELD:", "h/contract.yaml:2:16: INVALID_FIELD:", "h/contract.yaml:3:15: INVALID_FIELD:",
        "h/contract.yaml:4:13: INVALID_FIELD:", "h/contract.yaml:5:1: UNKNOWN_FIELD:", "h/contract.yaml:6:23: INVALID_FIELD:",
        "h/contract.yaml:6:34: INVALID_FIELD:", "h/contract.yaml:8:5: INVALID_FIELD:", "h/contract.yaml:10:20: UNKNOWN_FIELD:",
        "h/contract.yaml:10:34: INVALID_FIELD:", "h/contract.yaml:11:5: DUPLICATE_OPERATION:",
        "h/contract.yaml:12:5: MISSING_FIELD:", "h/contract.yaml:14:19: INVALID_FIELD:", "h/contract.yaml:15:19: INVALID_FIELD:",
        "h/contract.yaml:16:30: INVALID_FIELD:", "h/contract.yaml:17:11: INVALID_FIELD:",
      ])
    #expect(found.contains { $0.contains("did you mean \"retry\"?") })
    #expect(found.contains { $0.contains("did you mean \"type\"?") })
  }

  @Test func brokenYAMLIsInvalidYAML() {
    #expect(problems("a: [\n").first?.hasPrefix("h/contract.yaml:2:1: INVALID_YAML:") == true)
    #expect(problems("a: 1\na: 2\n") == ["h/contract.yaml:2:1: INVALID_YAML: the key \"a\" is already given at 1:1"])
    #expect(problems("- a\n") == ["h/contract.yaml:1:1: INVALID_FIELD: the file must be a mapping of fields, not a list"])
    #expect(problems("") == ["h/contract.yaml:1:1: INVALID_FIELD: the file must be a mapping of fields, not null"])
  }

  @Test func aDirectoryWithoutContractsSaysSo() {
    let missing = ContractDirectory.load("/nonexistent/contracts")
    #expect(
      missing.problems.map(\.description) == [
        "/nonexistent/contracts:1:1: CONTRACT_NOT_FOUND: the folder cannot be read: No such file or directory"
      ])
    #expect(ContractsFolder().load().problems.map(\.code) == [.contractNotFound])
  }

  @Test func aFileOverTheLimitIsNotRead() {
    let folder = ContractsFolder()
    folder.write("h/contract.yaml", Self.minimal("x") + "#" + String(repeating: "x", count: 2000))
    let problems = folder.load(limits: ContractLimits(fileBytesMax: 1000)).problems
    #expect(folder.shown(problems) == ["h/contract.yaml:1:1: FILE_TOO_LARGE: a contract has at most 1000 bytes"])
  }

  @Test func namespacesAreCheckedAgainstContractAndHost() {
    let text = Self.minimal("x", "security: {trusted_namespace: Onex}\n")
    #expect(
      problems(text, trusting: ["OnexEffects"]) == [
        "h/contract.yaml:2:16: NAMESPACE_NOT_TRUSTED: OnexCompute.EchoHandler lies outside security.trusted_namespace Onex",
        "h/contract.yaml:2:16: NAMESPACE_NOT_TRUSTED: OnexCompute.EchoHandler lies outside the namespaces that this process "
          + "trusts: OnexEffects",
      ])
    #expect(problems(Self.minimal("x"), trusting: ["OnexCompute"]) == [])
  }

  @Test func theSameHandlerTwiceFailsTheLaterFileOnly() {
    let folder = ContractsFolder()
    folder.write("a/contract.yaml", Self.minimal("x", "operations: [x.a]\n"))
    folder.write("b/contract.yaml", Self.minimal("x", "operations: [x.b]\n"))
    let catalogue = folder.load()
    #expect(
      folder.shown(catalogue.problems) == [
        "b/contract.yaml:1:15: DUPLICATE_HANDLER: the handler x is already declared in a/contract.yaml"
      ])
    #expect(catalogue.router.routes.map(\.operation) == ["x.a"])
  }

  @Test func theSameOperationTwiceNamesBothAndRoutesNoneOfTheLater() {
    let folder = ContractsFolder()
    folder.write("a/contract.yaml", Self.minimal("x", "operations: [x.a]\n"))
    folder.write("b/contract.yaml", Self.minimal("y", "operations:\n  - x.b\n  - x.a\n"))
    folder.write("c/contract.yaml", Self.minimal("z"))
    folder.write("d/contract.yaml", Self.minimal("handler_z"))
    let catalogue = folder.load()
    #expect(
      folder.shown(catalogue.problems) == [
        "b/contract.yaml:6:5: DUPLICATE_OPERATION: the operation x.a is already answered by handler x (a/contract.yaml)",
        "d/contract.yaml:1:15: DUPLICATE_OPERATION: the operation z.* is already answered by handler z (c/contract.yaml)",
      ])
    #expect(catalogue.failed.map(\.name) == ["y", "handler_z"])
    #expect(catalogue.router.routes.map(\.operation) == ["x.a", "z.*"])
  }

  @Test func oneBadContractDoesNotStopTheOthers() {
    let folder = ContractsFolder()
    folder.write("bad/contract.yaml", "handler_name: 5\n")
    folder.write("good/contract.yaml", Self.minimal("good"))
    let catalogue = folder.load()
    #expect(catalogue.contracts.map(\.name) == ["good"])
    #expect(catalogue.failed.map(\.name) == ["bad"])
  }

  @Test func anEmptyListOfOperationsIsNoPrefix() {
    #expect(problems(Self.minimal("x", "operations: []\n")).first?.contains("operations lists nothing") == true)
    #expect(problems(Self.minimal("my-handler")).first?.contains("operations is required") == true)
  }

  /// A problem quotes the text that it is about: what a link outside of the folder names is not even opened.
  @Test func aLinkThatLeadsOutIsAProblemWithoutAQuotation() throws {
    let folder = ContractsFolder()
    let outside = ContractsFolder()
    outside.write("secret", "root:$6$salt$hash:19000:0:99999:7:::\n")
    outside.write("more/contract.yaml", "root:$6$salt$hash\n")
    folder.link("a/contract.yaml", to: outside.path + "/secret")
    folder.link(
      "b/handler_contract.yaml", to: "../../" + (outside.path.split(separator: "/").last.map(String.init) ?? "") + "/secret")
    folder.link("c", to: outside.path + "/more")
    folder.write("real/d/contract.yaml", "not: a contract\n")
    folder.link("d", to: "real/d")
    let catalogue = ContractDirectory.load(folder.path)
    let problems = catalogue.problems.map(\.description)
    #expect(problems.filter { $0.contains("leads out of") }.count == 3, "\(problems)")
    #expect(problems.allSatisfy { !$0.contains("root:") && !$0.contains("salt") })
    #expect(problems.contains { $0.contains("d/contract.yaml") }, "a link that stays below is followed")
  }

  @Test func linksAreFollowedOnceAndNeverInCircles() {
    let folder = ContractsFolder()
    folder.write("..data/x/contract.yaml", Self.minimal("x"))
    folder.link("handlers", to: "..data/x")
    folder.link("again", to: "..data/x")
    folder.link("..data/x/loop", to: "../..")
    folder.link("broken/contract.yaml", to: "nowhere")
    let catalogue = folder.load()
    #expect(catalogue.contracts.map(\.name) == ["x"])
    #expect(
      folder.shown(catalogue.problems) == [
        "broken/contract.yaml:1:1: CONTRACT_NOT_FOUND: cannot be read: No such file or directory"
      ])
  }

  @Test func theSearchIsBounded() {
    let folder = ContractsFolder()
    for index in 0..<5 { folder.write("h\(index)/contract.yaml", Self.minimal("x\(index)")) }
    folder.write("a/b/c/contract.yaml", Self.minimal("deep"))
    let catalogue = folder.load(limits: ContractLimits(depthMax: 2, contractsMax: 3))
    #expect(catalogue.contracts.map(\.name) == ["x0", "x1", "x2"])
    #expect(catalogue.directoryProblems.count == 2)
  }

  /// Truncations and mutations of a whole contract: refused or read, never a crash.
  @Test func mutilatedContractsNeverCrash() {
    let text = Array(
      Self.minimal("x", "operations: [{name: x.y, input_schema: {$ref: \"#\", items: {enum: [1]}}}]\nretry: {jitter: 1}\n").utf8)
    var state: UInt64 = 7
    for round in 0..<2000 {
      var mutated = round < text.count ? Array(text[..<round]) : text
      for _ in 0..<(mutated.isEmpty ? 0 : 2) {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        mutated[Int(state >> 33) % mutated.count] = UInt8(truncatingIfNeeded: state >> 20)
      }
      if case .failure(let refused) = ContractDirectory.check(Bytes(mutated), file: "f", directory: "/nonexistent") {
        #expect(!refused.problems.isEmpty)
      }
    }
  }
}
