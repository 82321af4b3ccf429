import Glibc
import OnexCore
import OnexTestSupport
import Synchronization

/// The probe service as a child. Every call that may block does so on a thread of its own, and for a bounded time.
struct ChildProcess {
  /// A process that did not do in this time what a test waits for has failed it.
  private static let patience = Duration.seconds(20)

  /// One at a time: a child started between the making and the marking of another's pipes would hold those open.
  private static let spawning = Mutex(())

  let pid: pid_t
  private let output: Int32
  private let error: Int32

  /// - Parameter environment: all of it; nothing is inherited.
  init(_ arguments: [String] = [], _ environment: [String: String] = [:]) throws {
    self = try ChildProcess.spawning.withLock { _ in try ChildProcess(spawning: arguments, environment) }
  }

  private init(spawning arguments: [String], _ environment: [String: String]) throws {
    var (output, error): ([Int32], [Int32]) = ([0, 0], [0, 0])
    guard pipe(&output) == 0, pipe(&error) == 0 else { throw Failure("no pipe") }
    for end in output + error { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, output[1], 1)
    posix_spawn_file_actions_adddup2(&actions, error[1], 2)
    // A child inherits the signals that its parent's thread keeps back, and those of Swift's pool keep back nearly all.
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var nothing = sigset_t()
    sigemptyset(&nothing)
    posix_spawnattr_setsigmask(&attributes, &nothing)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
    let path = try ChildProcess.path()
    var argv: [UnsafeMutablePointer<CChar>?] = ([path] + arguments).map { strdup($0) } + [nil]
    var envp: [UnsafeMutablePointer<CChar>?] = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { for text in argv + envp { free(text) } }
    var child = pid_t()
    let outcome = posix_spawn(&child, path, &actions, &attributes, &argv, &envp)
    close(output[1])
    close(error[1])
    guard outcome == 0 else { throw Failure("\(path): \(String(cString: strerror(outcome)))") }
    (pid, self.output, self.error) = (child, output[0], error[0])
  }

  func send(_ signal: Int32) { kill(pid, signal) }

  /// The signal mask of each thread but the main one, as `SigBlk` of proc(5) gives it: bit 0 is signal 1.
  func blockedSignalsOfOtherThreads() throws -> [UInt64] {
    guard let threads = opendir("/proc/\(pid)/task") else { throw Failure("/proc/\(pid)/task cannot be read") }
    defer { closedir(threads) }
    var masks: [UInt64] = []
    while let entry = readdir(threads) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
      guard let thread = Int32(name), thread != pid, let file = fopen("/proc/\(pid)/task/\(name)/status", "re") else { continue }
      defer { fclose(file) }
      var line = [UInt8](repeating: 0, count: 256)
      while line.withUnsafeMutableBytes({ fgets($0.baseAddress?.assumingMemoryBound(to: CChar.self), 256, file) }) != nil {
        let words = String(decoding: line.prefix { $0 != 0 }, as: UTF8.self).split { $0 == "\t" || $0 == "\n" }
        if words.first == "SigBlk:", let mask = words.last.flatMap({ UInt64($0, radix: 16) }) { masks.append(mask) }
      }
    }
    return masks
  }

  /// Reads the log up to and with the first line that has `text`.
  func waitForLine(_ text: String) async throws -> String {
    try await OwnThread.run { [output] in
      let deadline = ContinuousClock.now + ChildProcess.patience
      var line: [UInt8] = []
      while true {
        var byte: UInt8 = 0
        guard ChildProcess.isReadable(output, until: deadline) else { throw Failure("no line with \"\(text)\" in time") }
        guard read(output, &byte, 1) == 1 else { throw Failure("the log ended before a line with \"\(text)\"") }
        guard byte == UInt8(ascii: "\n") else {
          line.append(byte)
          continue
        }
        let complete = String(decoding: line, as: UTF8.self)
        if complete.contains(text) { return complete }
        line = []
      }
    }
  }

  /// Waits for the end; what was not read yet of both streams comes with the exit code.
  func end() async throws -> (code: Int32, output: String, error: String) {
    try await OwnThread.run { [self] in
      let deadline = ContinuousClock.now + ChildProcess.patience
      let written = ChildProcess.drain(output, until: deadline)
      let complained = ChildProcess.drain(error, until: deadline)
      if written == nil || complained == nil { kill(pid, SIGKILL) }
      var status: Int32 = 0
      while waitpid(pid, &status, 0) == -1, errno == EINTR {}
      close(output)
      close(error)
      guard let written, let complained else { throw Failure("the process did not end in time") }
      guard status & 0x7F == 0 else { throw Failure("signal \(status & 0x7F) ended the process\n\(written)\(complained)") }
      return (status >> 8 & 0xFF, written, complained)
    }
  }

  private static func drain(_ descriptor: Int32, until deadline: ContinuousClock.Instant) -> String? {
    var text: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while isReadable(descriptor, until: deadline) {
      let count = read(descriptor, &buffer, buffer.count)
      if count <= 0 { return String(decoding: text, as: UTF8.self) }
      text += buffer.prefix(count)
    }
    return nil
  }

  private static func isReadable(_ descriptor: Int32, until deadline: ContinuousClock.Instant) -> Bool {
    var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    let left = max((deadline - ContinuousClock.now).milliseconds, 0)
    return poll(&request, 1, Int32(left)) == 1
  }

  /// The fixture lies beside the test program that runs this.
  private static func path() throws -> String {
    let own = String(unsafeUninitializedCapacity: Int(PATH_MAX)) { buffer in
      buffer.withMemoryRebound(to: CChar.self) { path in
        path.baseAddress.map { max(readlink("/proc/self/exe", $0, path.count), 0) } ?? 0
      }
    }
    guard let slash = own.lastIndex(of: "/") else { throw Failure("/proc/self/exe names no file") }
    return own[...slash] + "probe-service"
  }

  struct Failure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
  }
}
