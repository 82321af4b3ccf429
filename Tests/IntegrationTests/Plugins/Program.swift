import Glibc

/// Runs a program to its end, without a shell.
enum Program {
  struct Failed: Error, CustomStringConvertible { let description: String }

  /// - Returns: what it wrote, both streams together.
  /// - Throws: when it cannot be started or does not exit with 0, with what it wrote.
  @discardableResult
  static func run(_ arguments: [String], output file: String) throws -> String {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 1, file, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    posix_spawn_file_actions_adddup2(&actions, 1, 2)
    var argv: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
    defer { for argument in argv { free(argument) } }
    var pid = pid_t()
    let spawned = posix_spawnp(&pid, arguments[0], &actions, nil, &argv, environ)
    guard spawned == 0 else { throw Failed(description: "\(arguments[0]): \(String(cString: strerror(spawned)))") }
    var status: Int32 = 0
    while waitpid(pid, &status, 0) == -1, errno == EINTR {}
    let written = try TemporaryFolder.read(file)
    guard status == 0 else { throw Failed(description: "\(arguments.joined(separator: " ")): status \(status)\n\(written)") }
    return written
  }
}
