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

/// A folder with a state folder in it, and one three levels below.
private final class StackFolder {
  let path: String
  var file: String { path + "/.local/stack.env" }
  var deep: String { path + "/a/b/c" }

  init(_ text: String = "export KAFKA_BOOTSTRAP_SERVERS=from-file:1\n") throws {
    path = try #require(mkdtemp(strdup("/tmp/onex-environment.XXXXXX")).map { String(cString: $0) })
    for folder in ["/.local", "/a", "/a/b", "/a/b/c"] { mkdir(path + folder, 0o700) }
    try write(text, to: "/.local/stack.env", mode: 0o600)
  }

  func write(_ text: String, to name: String, mode: mode_t = 0o644) throws {
    let file = try #require(fopen(path + name, "w"))
    fputs(text, file)
    fclose(file)
    chmod(path + name, mode)
  }

  func environment(_ process: [String: String] = [:], from folder: String? = nil) -> StackEnvironment {
    StackEnvironment(process: process, currentFolder: folder ?? deep)
  }

  deinit {
    for name in ["/.local/stack.env", "/.local", "/elsewhere", "/a/b/c", "/a/b/Package.swift", "/a/b", "/a", "/.git", ""] {
      remove(path + name)
    }
  }
}

/// The user `nobody`. Only root may give files to it.
private let nobody: uid_t = 65534

@Suite struct StackFileTests {
  @Test func onlyTheVariablesOfAConnectionAreTaken() throws {
    let folder = try StackFolder(
      """
      export KAFKA_BOOTSTRAP_SERVERS=from-file:1
      export ONEX_PLUGINS_DIR=/tmp/evil
      export ONEX_MIGRATIONS_DIR=/tmp/evil
      export LD_PRELOAD=/tmp/evil.so
      export ONEX_DRAIN_TIMEOUT_SECONDS=1
      export POSTGRES_PORT=5436
      """)
    let found = folder.environment(["ONEX_PLUGINS_DIR": "/own"])
    #expect(found["KAFKA_BOOTSTRAP_SERVERS"] == "from-file:1" && found["POSTGRES_PORT"] == "5436")
    #expect(found["ONEX_PLUGINS_DIR"] == "/own", "the process may name plug-ins, the file may not")
    #expect(folder.environment()["ONEX_PLUGINS_DIR"] == nil)
    #expect(found["ONEX_MIGRATIONS_DIR"] == nil && found["LD_PRELOAD"] == nil && found["ONEX_DRAIN_TIMEOUT_SECONDS"] == nil)
    #expect(found.refusal == nil)
  }

  @Test func whatTheStackWritesIsWhatIsTaken() throws {
    let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
    let script = try #require(fopen("/\(root)/deploy/local/lib/state.sh", "r"))
    defer { fclose(script) }
    var bytes = [UInt8](repeating: 0, count: 1 << 16)
    let text = String(decoding: bytes[..<fread(&bytes, 1, bytes.count, script)], as: UTF8.self)
    let written = text.split(separator: "\n").map { $0.drop { $0 == " " } }.filter { $0.hasPrefix("print_export ") }
      .compactMap { $0.split(separator: " ").dropFirst().first.map(String.init) }
    #expect(Set(written) == StackEnvironment.accepted)
  }

  @Test(arguments: [0o620, 0o602, 0o666, 0o660])
  func aFileThatOthersMayWriteIsRefused(_ mode: Int) throws {
    let folder = try StackFolder()
    chmod(folder.file, mode_t(mode))
    let found = folder.environment()
    #expect(found["KAFKA_BOOTSTRAP_SERVERS"] == nil && found.file == nil)
    let refusal = try #require(found.refusal)
    #expect(refusal.hasPrefix(folder.file) && refusal.contains("mode \(String(mode, radix: 8))"))
    #expect(!refusal.contains("\n"))
    let named = folder.environment(["ONEX_LOCAL_DIR": folder.path + "/.local"])
    #expect(named.refusal != nil && named["KAFKA_BOOTSTRAP_SERVERS"] == nil, "also where the process names the folder")
  }

  @Test(arguments: [0o770, 0o707, 0o1777])
  func aFolderThatOthersMayWriteIsRefused(_ mode: Int) throws {
    let folder = try StackFolder()
    chmod(folder.path + "/.local", mode_t(mode))
    #expect(try #require(folder.environment().refusal).contains("its folder can be written by others"))
    #expect(folder.environment()["KAFKA_BOOTSTRAP_SERVERS"] == nil)
  }

  @Test func whatBelongsToAnotherUserIsRefused() throws {
    let folder = try StackFolder()
    guard geteuid() == 0 else {
      let stranger = StackEnvironment(process: [:], currentFolder: folder.deep, user: nobody)
      #expect(try #require(stranger.refusal).contains("belongs to another user (uid \(geteuid()))"))
      return
    }
    chown(folder.file, nobody, nobody)
    #expect(try #require(folder.environment().refusal).contains("it belongs to another user (uid 65534)"))
    chown(folder.file, 0, 0)
    chown(folder.path + "/.local", nobody, nobody)
    #expect(try #require(folder.environment().refusal).contains("its folder belongs to another user"))
    // As nobody: their own is used, and root's too.
    let theirs = StackEnvironment(process: [:], currentFolder: folder.path, user: nobody)
    #expect(theirs["KAFKA_BOOTSTRAP_SERVERS"] == "from-file:1" && theirs.refusal == nil)
  }

  @Test func linksAndOtherThingsThanFilesAreRefused() throws {
    let folder = try StackFolder()
    rename(folder.file, folder.path + "/elsewhere")
    symlink(folder.path + "/elsewhere", folder.file)
    #expect(folder.environment().refusal != nil && folder.environment().file == nil)
    remove(folder.file)
    mkfifo(folder.file, 0o600)
    #expect(try #require(folder.environment().refusal).contains("no regular file"))
    remove(folder.file)
    try folder.write(String(repeating: "A=b\n", count: 20_000), to: "/.local/stack.env", mode: 0o600)
    #expect(try #require(folder.environment().refusal).contains("more than 65536 bytes"))
  }

  @Test func theSearchEndsAtTheCheckoutAndAtHome() throws {
    let folder = try StackFolder()
    #expect(folder.environment()["KAFKA_BOOTSTRAP_SERVERS"] == "from-file:1")
    #expect(folder.environment(["HOME": folder.path + "/a"])["KAFKA_BOOTSTRAP_SERVERS"] == nil)
    #expect(folder.environment(["HOME": folder.path])["KAFKA_BOOTSTRAP_SERVERS"] == "from-file:1")
    try folder.write("", to: "/a/b/Package.swift")
    #expect(folder.environment()["KAFKA_BOOTSTRAP_SERVERS"] == nil && folder.environment().refusal == nil)
    #expect(folder.environment(from: folder.path + "/a")["KAFKA_BOOTSTRAP_SERVERS"] == "from-file:1")
    mkdir(folder.path + "/.git", 0o700)
    #expect(folder.environment(from: folder.path)["KAFKA_BOOTSTRAP_SERVERS"] == "from-file:1", "the checkout's own is used")
  }

  @Test func nothingAboveAFolderOfEveryoneIsUsed() throws {
    let folder = try StackFolder()
    chmod(folder.path + "/a/b", 0o1777)
    #expect(folder.environment()["KAFKA_BOOTSTRAP_SERVERS"] == nil)
    let refusal = try #require(folder.environment().refusal)
    #expect(refusal.hasPrefix(folder.file) && refusal.contains("above \(folder.path)/a/b,") && !refusal.contains("\n"))
    #expect(folder.environment(from: folder.path + "/a")["KAFKA_BOOTSTRAP_SERVERS"] == "from-file:1")
  }
}

@Suite struct MigrationFolderOwnerTests {
  @Test func migrationsOfTheWorkingDirectoryAreTheCallersOwn() throws {
    let folder = try #require(mkdtemp(strdup("/tmp/onex-migrations.XXXXXX")).map { String(cString: $0) })
    defer { for path in ["/forward", "/rollback", ""] { remove(folder + path) } }
    for path in ["/forward", "/rollback"] { mkdir(folder + path, 0o755) }
    #expect(MigrateCommand.stranger(in: folder) == nil)
    chmod(folder + "/rollback", 0o777)
    #expect(MigrateCommand.stranger(in: folder) == folder + "/rollback")
    chmod(folder + "/rollback", 0o755)
    guard geteuid() == 0 else {
      #expect(MigrateCommand.stranger(in: folder, user: nobody) == folder)
      return
    }
    chown(folder + "/forward", nobody, nobody)
    #expect(MigrateCommand.stranger(in: folder) == folder + "/forward")
    #expect(MigrateCommand.stranger(in: folder, user: nobody) == nil)
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
