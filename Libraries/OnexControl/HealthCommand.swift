import OnexCommandLine
import OnexCore
import OnexJSON
import OnexService

/// `onexctl health`
enum HealthCommand: ControlCommand {
  static let name = "health"
  static let summary = "Show how every service is."
  static let grammar = ArgumentSet.Grammar(flags: ["--json", "--self", "--ready"])
  static let details = """
    Asks /health and /ready of each service. Ports come from RUNTIME_MAIN_PORT, RUNTIME_EFFECTS_PORT, RUNTIME_WORKER_PORTS
    (several, separated by commas), AGENT_ACTIONS_CONSUMER_PORT and TOPIC_MANAGER_PORT.

    --self asks the one service of this container, for a health check without curl: on ONEX_HEALTH_PORT, else whichever usual port
    answers. Alive is enough; --ready wants /ready as well.
    Exit codes: 0 all ready (--self: alive), 69 not.
    """

  struct Reason: Sendable {
    var code = ""
    let message: String
    var runbook = ""

    var line: String {
      (code.isEmpty ? "" : "\(code): ") + message + (runbook.isEmpty ? "" : " (\(runbook))")
    }
  }

  struct Finding: Sendable {
    static let unreachable = "unreachable"

    let service: String
    let url: String
    let health: String
    let ready: String
    /// Reasons that block readiness come first.
    let reasons: [Reason]
    /// As an orchestrator sees it: `/health` is 200.
    var isAlive: Bool { ["healthy", "degraded"].contains(health) }
    var isReady: Bool { ready == "ready" }
    var isAnswering: Bool { health != Finding.unreachable }
    var line: String { (["\(health), \(ready)  \(url)"] + reasons.map(\.line)).joined(separator: "  ") }
  }

  static func run(_ arguments: ArgumentSet, _ context: ControlContext) async throws -> ControlExit {
    if arguments.has("--self") { return await runSelf(arguments, context) }
    guard !arguments.has("--ready") else {
      throw ArgumentSet.Misuse(message: "--ready belongs to --self; without it every service is asked for readiness anyway")
    }
    let findings = await withTaskGroup(of: (Int, Finding).self) { group in
      for (index, target) in targets(context.environment).enumerated() {
        group.addTask { (index, await ask(target.name, target.port, context.http)) }
      }
      var all: [(Int, Finding)] = []
      for await finding in group { all.append(finding) }
      return all.sorted { $0.0 < $1.0 }.map(\.1)
    }
    context.terminal.print(arguments.has("--json") ? json(findings) : table(findings))
    return findings.allSatisfy(\.isReady) ? .success : .unavailable
  }

  private static func runSelf(_ arguments: ArgumentSet, _ context: ControlContext) async -> ControlExit {
    var finding: Finding?
    for port in ownPorts(context.environment) where finding?.isAnswering != true {
      finding = await ask("this service", port, context.http)
    }
    guard let finding else { return .unavailable }
    context.terminal.print(arguments.has("--json") ? json([finding]) : finding.line)
    return finding.isAlive && (finding.isReady || !arguments.has("--ready")) ? .success : .unavailable
  }

  /// Where the one service of a container may answer.
  static func ownPorts(_ environment: StackEnvironment) -> [String] {
    if let own = environment["ONEX_HEALTH_PORT"], !own.isEmpty { return [own] }
    let named = environment["OMNIBASE_INFRA_AGENT_ACTIONS_HEALTH_CHECK_PORT"].map { [$0] } ?? []
    return (named + targets(environment).map(\.port)).reduce(into: []) { ports, port in
      if !ports.contains(port) { ports.append(port) }
    }
  }

  static func targets(_ environment: StackEnvironment) -> [(name: String, port: String)] {
    let workers = (environment["RUNTIME_WORKER_PORTS"] ?? "8185").split(separator: ",").map(String.init)
    return [
      ("topic-manager", environment["TOPIC_MANAGER_PORT"] ?? "8088"),
      ("runtime-main", environment["RUNTIME_MAIN_PORT"] ?? "8085"),
      ("runtime-effects", environment["RUNTIME_EFFECTS_PORT"] ?? "8086"),
    ]
      + workers.enumerated().map { ("runtime-worker-\($0 + 1)", $1) }
      + [("agent-actions-consumer", environment["AGENT_ACTIONS_CONSUMER_PORT"] ?? "8087")]
  }

  private static func ask(_ service: String, _ port: String, _ http: any HTTPClient) async -> Finding {
    let base = "http://127.0.0.1:\(port)"
    func get(_ path: String) async throws -> JSONValue? {
      let response = try await http.send(HTTPClientRequest(method: "GET", url: base + path, timeout: .seconds(3)))
      return try? JSONValue.parse(response.body)
    }
    func unreachable(_ reason: String) -> Finding {
      Finding(service: service, url: base, health: Finding.unreachable, ready: "-", reasons: [Reason(message: reason)])
    }
    let answer: JSONValue?
    do {
      answer = try await get("/health")
    } catch {
      return unreachable("nothing answers on port \(port)")
    }
    guard let health = answer, health["status"] != nil else {
      return unreachable("what answers on port \(port) is no service of this runtime")
    }
    let ready = try? await get("/ready")
    // A service that is not ready tells all of them there; one that is ready tells on /health what does not block it.
    let reasons = ready?["reasons"]?.array ?? health["reasons"]?.array ?? []
    return Finding(
      service: service, url: base, health: health["status"]?.string ?? "?", ready: ready?["status"]?.string ?? "?",
      reasons: reasons.map { reason in
        Reason(
          code: reason["code"]?.string ?? "", message: reason["message"]?.string ?? "", runbook: reason["runbook"]?.string ?? "")
      })
  }

  private static func table(_ findings: [Finding]) -> String {
    var table = TextTable(["SERVICE", "HEALTH", "READY", "URL", "REASON"])
    for finding in findings {
      table.add([finding.service, finding.health, finding.ready, finding.url, finding.reasons.first?.line ?? ""])
      for reason in finding.reasons.dropFirst() { table.add(["", "", "", "", reason.line]) }
    }
    return String(table.text.dropLast())
  }

  private static func json(_ findings: [Finding]) -> String {
    JSONValue.array(
      findings.map { finding in
        .object(
          JSONObject([
            ("service", .string(finding.service)), ("health", .string(finding.health)), ("ready", .string(finding.ready)),
            ("url", .string(finding.url)),
            (
              "reasons",
              .array(
                finding.reasons.map { reason in
                  .object(
                    JSONObject([
                      ("code", .string(reason.code)), ("message", .string(reason.message)), ("runbook", .string(reason.runbook)),
                    ]))
                })
            ),
          ]))
      }
    ).encoded().text
  }
}
