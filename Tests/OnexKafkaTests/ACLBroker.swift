import Glibc
import OnexThreads
import Synchronization

/// As much of a broker as access control needs: ApiVersions (0), Metadata (1), DescribeAcls, CreateAcls and DeleteAcls (1) of the Kafka
/// protocol over real sockets. It keeps the entries and enforces none; librdkafka's mock cluster does not know the requests.
final class ACLBroker: Sendable {
  /// An entry in the protocol's own numbers (`ResourceType`, `PatternType`, `AclOperation`, `AclPermissionType`).
  struct Entry: Hashable, Sendable {
    var resource: Int8
    var name: String
    var pattern: Int8
    var principal: String
    var host: String
    var operation: Int8
    var permission: Int8
  }

  enum Support: Sendable {
    case full
    /// As a broker that is too old.
    case unknownRequests
    /// As a broker without `authorizer.class.name`: SECURITY_DISABLED.
    case disabled
  }

  struct Unavailable: Error {}

  private let listener: Int32
  let port: UInt16
  private let answers: Answers

  var entries: Set<Entry> { answers.entries.withLock { $0 } }

  init(_ entries: Set<Entry> = [], _ support: Support = .full) throws {
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isOpen = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(listener, $0, length) == 0 && listen(listener, 16) == 0 && getsockname(listener, $0, &length) == 0
      }
    }
    guard isOpen else { throw Unavailable() }
    self.listener = listener
    port = UInt16(bigEndian: address.sin_port)
    let answers = Answers(port: port, support, entries)
    self.answers = answers
    guard SystemThread.start(stackBytes: 256 << 10, { ACLBroker.accept(listener, answers) }) else { throw Unavailable() }
  }

  deinit {
    shutdown(listener, Int32(SHUT_RDWR))
    close(listener)
  }

  private static func accept(_ listener: Int32, _ answers: Answers) {
    while true {
      let connection = Glibc.accept(listener, nil, nil)
      guard connection >= 0 else { return }
      _ = SystemThread.start(stackBytes: 256 << 10) {
        while let answer = answer(connection, answers) {
          guard write(answer, to: connection) else { break }
        }
        close(connection)
      }
    }
  }

  /// - Returns: the answer to the next request.
  private static func answer(_ connection: Int32, _ answers: Answers) -> [UInt8]? {
    guard let head = bytes(4, connection) else { return nil }
    var size = Input(bytes: head)
    guard let body = bytes(Int(size.number(Int32.self)), connection) else { return nil }
    var input = Input(bytes: body)
    let (key, version, correlation) = (input.number(Int16.self), input.number(Int16.self), input.number(Int32.self))
    _ = input.text()
    let answer = answers.to(key, version, &input)
    var output = Output()
    output.number(Int32(answer.count + 4))
    output.number(correlation)
    return output.bytes + answer
  }

  private static func bytes(_ count: Int, _ connection: Int32) -> [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: count)
    var got = 0
    while got < count {
      let part = bytes.withUnsafeMutableBytes { Glibc.read(connection, $0.baseAddress.map { $0 + got }, count - got) }
      guard part > 0 else { return nil }
      got += part
    }
    return bytes
  }

  private static func write(_ bytes: [UInt8], to connection: Int32) -> Bool {
    var rest = bytes[...]
    while !rest.isEmpty {
      let written = rest.withUnsafeBytes { send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
      guard written > 0 else { return false }
      rest = rest.dropFirst(written)
    }
    return true
  }

  private final class Answers: Sendable {
    private static let versions: [(key: Int16, version: Int16)] = [(18, 0), (3, 1), (29, 1), (30, 1), (31, 1)]

    private let port: UInt16
    let entries: Mutex<Set<Entry>>

    private let support: Support

    init(port: UInt16, _ support: Support, _ entries: Set<Entry>) {
      self.port = port
      self.support = support
      self.entries = Mutex(entries)
    }

    func to(_ key: Int16, _ version: Int16, _ input: inout Input) -> [UInt8] {
      var output = Output()
      let error: Int16 = support == .disabled ? 54 : 0
      switch key {
      case 18:
        let known = Answers.versions.prefix(support == .unknownRequests ? 2 : Answers.versions.count)
        output.number(version == 0 ? Int16(0) : 35)
        output.number(Int32(known.count))
        for (key, version) in known { for number in [key, 0, version] { output.number(number) } }
      case 3:
        for number: Int32 in [1, 1] { output.number(number) }
        output.text("127.0.0.1")
        output.number(Int32(port))
        output.text(nil)
        for number: Int32 in [1, 0] { output.number(number) }
      case 29:
        _ = input.entry()
        output.number(Int32(0))
        output.number(error)
        output.text(nil)
        let all = entries.withLock { $0 }
        output.number(Int32(all.count))
        for entry in all {
          output.number(entry.resource)
          output.text(entry.name)
          output.number(entry.pattern)
          output.number(Int32(1))
          output.access(entry)
        }
      case 30, 31:
        output.number(Int32(0))
        let count = input.number(Int32.self)
        output.number(count)
        for _ in 0..<count {
          let entry = input.entry()
          output.number(error)
          output.text(nil)
          if key == 31 {
            remove(entry, &output)
          } else if error == 0 {
            entries.withLock { _ = $0.insert(entry) }
          }
        }
      default: break
      }
      return output.bytes
    }

    private func remove(_ entry: Entry, _ output: inout Output) {
      let isThere = support != .disabled && entries.withLock { $0.remove(entry) != nil }
      output.number(Int32(isThere ? 1 : 0))
      guard isThere else { return }
      output.number(Int16(0))
      output.text(nil)
      output.number(entry.resource)
      output.text(entry.name)
      output.number(entry.pattern)
      output.access(entry)
    }
  }

  private struct Input {
    let bytes: [UInt8]
    var position = 0

    mutating func number<Number: FixedWidthInteger>(_: Number.Type) -> Number {
      var value: Number = 0
      for _ in 0..<MemoryLayout<Number>.size {
        value = value << 8 | Number(truncatingIfNeeded: position < bytes.count ? bytes[position] : 0)
        position += 1
      }
      return value
    }

    mutating func text() -> String {
      let count = Int(max(number(Int16.self), 0))
      defer { position += count }
      return String(decoding: bytes.dropFirst(position).prefix(count), as: UTF8.self)
    }

    mutating func entry() -> Entry {
      let (resource, name, pattern) = (number(Int8.self), text(), number(Int8.self))
      let (principal, host) = (text(), text())
      return Entry(
        resource: resource, name: name, pattern: pattern, principal: principal, host: host, operation: number(Int8.self),
        permission: number(Int8.self))
    }
  }

  private struct Output {
    var bytes: [UInt8] = []

    mutating func number(_ value: some FixedWidthInteger) {
      withUnsafeBytes(of: value.bigEndian) { bytes += $0 }
    }

    mutating func text(_ text: String?) {
      guard let text else { return number(Int16(-1)) }
      number(Int16(text.utf8.count))
      bytes += Array(text.utf8)
    }

    mutating func access(_ entry: Entry) {
      text(entry.principal)
      text(entry.host)
      number(entry.operation)
      number(entry.permission)
    }
  }
}
