import Glibc
import OnexCore

/// The environment, completed by the local stack's `stack.env` when the process names no broker.
///
/// The file decides which broker, which database and which password are used, and the current folder decides which file that is. So
/// it is read only when nobody but the caller or root could have written it, only the variables of a connection are taken from it,
/// and a program to load is never named by it.
struct StackEnvironment: Sendable {
  private static let parentsMax = 32
  /// The variables that `write_stack_env` in deploy/local/lib/state.sh writes; a test compares the two lists.
  static let accepted: Set<String> = [
    "KAFKA_BOOTSTRAP_SERVERS", "KAFKA_SECURITY_PROTOCOL", "KAFKA_PARTITION_ASSIGNMENT_STRATEGY", "OMNIBASE_INFRA_DB_URL",
    "POSTGRES_HOST", "POSTGRES_PORT", "POSTGRES_USER", "POSTGRES_PASSWORD", "POSTGRES_DB", "RUNTIME_MAIN_PORT",
    "RUNTIME_EFFECTS_PORT", "RUNTIME_WORKER_PORTS", "AGENT_ACTIONS_CONSUMER_PORT", "TOPIC_MANAGER_PORT", "ONEX_CONTRACTS_DIR",
    "ONEX_ENVIRONMENT", "ONEX_DEPLOYMENT_ID", "ONEX_DATA_DIR", "ONEX_ALLOWED_HOSTS",
  ]

  /// The file that was used, for `--verbose`.
  let file: String?
  /// The reason why a file that was found is not used, in one line.
  let refusal: String?
  private let values: [String: String]

  /// Variables of the process win. The file is `stack.env` in `ONEX_LOCAL_DIR`; without that, `.local/stack.env` of the current folder
  /// or of one above it. The search ends with the first folder that is a checkout (it holds `Package.swift` or `.git`) or the
  /// caller's home. A file above a folder that belongs to another user, or that everyone may write to, is named and not used.
  ///
  /// - Parameter user: the caller's effective user id.
  init(process: [String: String], currentFolder: String, user: uid_t = geteuid()) {
    guard process["KAFKA_BOOTSTRAP_SERVERS"] == nil else {
      self.init(process)
      return
    }
    let found: (path: String, result: Result<Bytes, Refusal>)?
    if let own = process["ONEX_LOCAL_DIR"] {
      // The process names this folder: a link there is its own.
      found = StackFile.read(own, user: user, followsLinks: true).map { (own + "/stack.env", $0) }
    } else {
      found = StackEnvironment.search(currentFolder, home: process["HOME"], user)
    }
    switch found {
    case (let path, .success(let text))?:
      let taken = StackEnvironment.parse(text.text).filter { StackEnvironment.accepted.contains($0.key) }
      self.init(taken.merging(process) { _, own in own }, file: path)
    case (let path, .failure(let refusal))?:
      self.init(process, refusal: "\(path) is not used: \(refusal.reason)")
    case nil: self.init(process)
    }
  }

  private init(_ values: [String: String], file: String? = nil, refusal: String? = nil) {
    self.values = values
    self.file = file
    self.refusal = refusal
  }

  subscript(_ name: String) -> String? { values[name] }

  var all: [String: String] { values }

  /// The nearest file there is, also when it is one to refuse: one that lies behind it was not meant.
  private static func search(
    _ folder: String, home: String?, _ user: uid_t
  ) -> (path: String, result: Result<Bytes, Refusal>)? {
    var folders = folder.split(separator: "/")[...]
    var stranger: String?
    for _ in 0..<parentsMax {
      let current = "/" + folders.joined(separator: "/")
      let state = (current == "/" ? "" : current) + "/.local"
      if let result = StackFile.read(state, user: user, followsLinks: false) {
        let refusal = stranger.map {
          Refusal(reason: "it lies above \($0), which belongs to another user or which everyone may write to")
        }
        return (state + "/stack.env", result.flatMap { text in refusal.map { .failure($0) } ?? .success(text) })
      }
      let isCheckout = ["Package.swift", ".git"].contains { access("\(current)/\($0)", F_OK) == 0 }
      if stranger == nil, !StackFile.isOwn(current, user) { stranger = current }
      guard !isCheckout, current != home, folders.popLast() != nil else { return nil }
    }
    return nil
  }

  struct Refusal: Error {
    let reason: String
  }

  /// `export NAME=value` or `NAME=value`; a value may stand in single quotes, where `'\''` is a quote.
  static func parse(_ text: String) -> [String: String] {
    var values: [String: String] = [:]
    for line in text.split(separator: "\n") {
      let assignment = line.hasPrefix("export ") ? line.dropFirst("export ".count) : line
      guard let equals = assignment.firstIndex(of: "="), !assignment.hasPrefix("#") else { continue }
      values[String(assignment[..<equals])] = unquote(assignment[assignment.index(after: equals)...])
    }
    return values
  }

  /// What a shell makes of single quotes and backslashes.
  private static func unquote(_ text: Substring) -> String {
    var plain = ""
    var isQuoted = false
    var rest = text
    while let character = rest.popFirst() {
      switch character {
      case "'": isQuoted.toggle()
      case "\\" where !isQuoted: if let next = rest.popFirst() { plain.append(next) }
      default: plain.append(character)
      }
    }
    return plain
  }
}

/// A `stack.env` and the folder that holds it, judged by what is opened: neither can be exchanged between the look and the reading.
private enum StackFile {
  private static let bytesMax = 64 << 10
  private static let remedy = "only a file that its owner alone can write, in such a folder, is; owner is the caller or root"

  /// - Parameter followsLinks: the folder may be a symbolic link. The file never is.
  /// - Returns: the content, or why it is not used; `nil` when there is no such file.
  static func read(
    _ folder: String, user: uid_t, followsLinks: Bool
  ) -> Result<Bytes, StackEnvironment.Refusal>? {
    func refuse(_ reason: String) -> Result<Bytes, StackEnvironment.Refusal> { .failure(.init(reason: "\(reason); \(remedy)")) }
    let directory = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC | (followsLinks ? 0 : O_NOFOLLOW))
    guard directory >= 0 else {
      // A link, or a folder of another user that is closed to this one.
      guard errno != ENOENT, access(folder + "/stack.env", F_OK) == 0 else { return nil }
      return refuse("\(folder) is a link, or cannot be read")
    }
    defer { close(directory) }
    // Non-blocking, so that opening a pipe does not wait for a writer.
    let file = openat(directory, "stack.env", O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
    guard file >= 0 else { return errno == ENOENT ? nil : refuse("it cannot be read: \(String(cString: strerror(errno)))") }
    defer { close(file) }
    if let why = fault(of: directory, user) { return refuse("its folder \(why)") }
    if let why = fault(of: file, user) { return refuse("it \(why)") }
    var status = stat()
    guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return refuse("it is no regular file") }
    guard status.st_size <= bytesMax else { return refuse("it has more than \(bytesMax) bytes") }
    var bytes = [UInt8](repeating: 0, count: bytesMax)
    var count = 0
    while count < bytes.count {
      let got = bytes.withUnsafeMutableBytes { Glibc.read(file, $0.baseAddress.map { $0 + count }, $0.count - count) }
      if got < 0, errno == EINTR { continue }
      guard got >= 0 else { return refuse("it cannot be read: \(String(cString: strerror(errno)))") }
      if got == 0 { break }
      count += got
    }
    return .success(Bytes(Array(bytes[..<count])))
  }

  /// Whether a file above a folder may be used. One that its group may write to is common (umask 002).
  static func isOwn(_ folder: String, _ user: uid_t) -> Bool {
    var status = stat()
    guard stat(folder, &status) == 0 else { return false }
    return (status.st_uid == user || status.st_uid == 0) && status.st_mode & S_IWOTH == 0
  }

  private static func fault(of descriptor: Int32, _ user: uid_t) -> String? {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { return "cannot be examined: \(String(cString: strerror(errno)))" }
    guard status.st_uid == user || status.st_uid == 0 else { return "belongs to another user (uid \(status.st_uid))" }
    guard status.st_mode & (S_IWGRP | S_IWOTH) == 0 else {
      return "can be written by others (mode \(String(status.st_mode & 0o7777, radix: 8)))"
    }
    return nil
  }
}
