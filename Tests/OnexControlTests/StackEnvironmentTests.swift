import Glibc
import OnexCore
import Testing

@testable import OnexControl

@Suite struct StackEnvironmentTests {
  @Test func assignmentsAreReadAsAShellWould() {
    let text = """
      # a comment = not an assignment
      export KAFKA_BOOTSTRAP_SERVERS=127.0.0.1:29092
      PLAIN=value
      QUOTED='a b $c'
      QUOTE='it'\\''s'
      EQUALS=a=b
      EMPTY=
      not an assignment
      """
    #expect(
      StackEnvironment.parse(text) == [
        "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:29092", "PLAIN": "value", "QUOTED": "a b $c", "QUOTE": "it's", "EQUALS": "a=b",
        "EMPTY": "",
      ])
  }

  @Test func theFileIsFoundFromAFolderBelowAndTheProcessWins() throws {
    let folder = try #require(mkdtemp(strdup("/tmp/onex-environment.XXXXXX")).map { String(cString: $0) })
    defer { for path in ["/.local/stack.env", "/.local", "/deep", ""] { remove(folder + path) } }
    for path in ["/.local", "/deep"] { mkdir(folder + path, 0o700) }
    let file = try #require(fopen(folder + "/.local/stack.env", "w"))
    fputs("export KAFKA_BOOTSTRAP_SERVERS=from-file:1\nexport ONEX_LOG_LEVEL=INFO\n", file)
    fclose(file)
    let found = StackEnvironment(process: ["ONEX_LOG_LEVEL": "DEBUG"], currentFolder: folder + "/deep")
    #expect(found["KAFKA_BOOTSTRAP_SERVERS"] == "from-file:1" && found["ONEX_LOG_LEVEL"] == "DEBUG")
    #expect(found.file == folder + "/.local/stack.env")
    let own = StackEnvironment(process: ["KAFKA_BOOTSTRAP_SERVERS": "own:1"], currentFolder: folder)
    #expect(own["KAFKA_BOOTSTRAP_SERVERS"] == "own:1" && own.file == nil)
    #expect(own["ONEX_LOG_LEVEL"] == nil, "a configured broker leaves the local stack alone")
  }
}

@Suite struct OwnPortsTests {
  private func ports(_ process: [String: String]) -> [String] {
    HealthCommand.ownPorts(
      StackEnvironment(process: process.merging(["ONEX_LOCAL_DIR": "/nowhere"]) { own, _ in own }, currentFolder: "/"))
  }

  @Test func theServicesOwnPortIsTheOnlyOneAsked() {
    #expect(ports(["ONEX_HEALTH_PORT": "9000", "RUNTIME_MAIN_PORT": "8085"]) == ["9000"])
  }

  @Test func withoutOneEveryUsualPortIsTriedOnce() {
    #expect(ports([:]) == ["8088", "8085", "8086", "8185", "8087"])
    #expect(
      ports(["OMNIBASE_INFRA_AGENT_ACTIONS_HEALTH_CHECK_PORT": "9001", "RUNTIME_WORKER_PORTS": "8085"])
        == ["9001", "8088", "8085", "8086", "8087"])
  }
}
