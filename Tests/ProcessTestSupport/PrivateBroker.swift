import Glibc
import OnexCore
import OnexKafka
import Synchronization

/// A development broker of the test's own. It keeps its records in memory and writes them down when it is asked to end: it is stopped,
/// never killed.
package final class PrivateBroker: Sendable {
  package let address: String
  private let port: Int
  private let directory: String
  private let process = Mutex<Process?>(nil)

  /// Makes its folder and starts it.
  package init() async throws {
    directory = "\(TestEnvironment.scratch)/broker-\(RandomIDSource().next())"
    mkdir(directory, 0o755)
    // Its port may be taken between the look and the start: then it ends at once, and another port is tried.
    var (attempt, started, port) = (1, Process?.none, 0)
    repeat {
      port = try TestEnvironment.lastingPort()
      do {
        started = try await PrivateBroker.launch(port, directory)
      } catch let failure as TestFailure {
        guard attempt < 3 else { throw failure }
        attempt += 1
      }
    } while started == nil
    self.port = port
    address = "127.0.0.1:\(port)"
    process.withLock { [started] in $0 = started }
  }

  /// Returns when it answers.
  package func start() async throws {
    let started = try await PrivateBroker.launch(port, directory)
    process.withLock { $0 = started }
  }

  private static func launch(_ port: Int, _ directory: String) async throws -> Process {
    let started = try Process(
      try PrivateBroker.executable(), ["start", "--only", "kafka", "--kafka-port", String(port), "--data-dir", directory],
      environment: ["HOME": directory])
    let connection = KafkaConnection(bootstrapServers: ["127.0.0.1:\(port)"], clientID: "private-broker")
    _ = try await TestEnvironment.eventually("the broker answers: \(started.output.suffix(500))") {
      if let code = started.code { throw TestFailure("the broker ended with \(code): \(started.output.suffix(800))") }
      return try? await KafkaAdmin(connection).ping(timeout: .seconds(1))
    }
    return started
  }

  /// Returns when it has written its records down and is gone.
  package func stop() async throws {
    guard let running = process.withLock({ $0 }) else { return }
    running.signal(SIGTERM)
    let code = try await running.exitCode(within: .seconds(30))
    process.withLock { $0 = nil }
    guard code == 0 || code == 128 + SIGTERM else {
      throw TestFailure("the broker ended with \(code): \(running.output.suffix(800))")
    }
  }

  package func remove() async {
    try? await stop()
    _ = try? await Process.run("/bin/rm", ["-rf", directory])
  }

  /// The wheel's own launcher starts the binary as a child and does not pass signals on to it, so the binary is called directly.
  private static func executable() throws -> String {
    let tools = try TestEnvironment.value("ONEX_TOOLS_DIR")
    var found = glob_t()
    defer { globfree(&found) }
    guard glob("\(tools)/venv/lib/python3*/site-packages/noida_db/noida-db", 0, nil, &found) == 0, let path = found.gl_pathv?[0]
    else { throw TestFailure("the development broker is not in \(tools): run make test") }
    return String(cString: path)
  }
}
