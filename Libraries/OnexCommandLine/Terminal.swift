import Glibc
import OnexCore

/// Where the results go, and whether a person looks.
public struct Terminal: Sendable {
  public enum Colour: String, Sendable {
    case green = "32"
    case red = "31"
    case yellow = "33"
    case faint = "2"
  }

  /// Somebody looks at what is printed to standard error.
  public let isInteractive: Bool
  private let hasColours: Bool

  /// - Parameter environment: looks a variable up; `NO_COLOR` and `TERM` count.
  public init(environment: (String) -> String?) {
    isInteractive = isatty(STDERR_FILENO) == 1
    hasColours = isatty(STDOUT_FILENO) == 1 && environment("NO_COLOR") == nil && environment("TERM") != "dumb"
  }

  public func print(_ text: String) { Terminal.write(text + "\n", STDOUT_FILENO) }

  public func printError(_ text: String) { Terminal.write(text + "\n", STDERR_FILENO) }

  public func coloured(_ text: String, _ colour: Colour) -> String {
    hasColours ? "\u{1B}[\(colour.rawValue)m\(text)\u{1B}[0m" : text
  }

  /// Runs `body`; when it takes over a second and a person looks, says what is being waited for and for how long.
  public func withProgress<Value: Sendable>(
    _ what: String, _ body: @Sendable () async throws -> Value
  ) async throws -> Value {
    guard isInteractive else { return try await body() }
    let clock = SystemClock()
    let start = clock.uptime()
    return try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        while true {
          try await clock.sleep(for: .seconds(1))
          Terminal.write("\r\(what) … \(Int((clock.uptime() - start).seconds)) s", STDERR_FILENO)
        }
      }
      defer {
        group.cancelAll()
        if clock.uptime() - start >= .seconds(1) { Terminal.write("\r\u{1B}[K", STDERR_FILENO) }
      }
      return try await body()
    }
  }

  /// Everything from standard input, up to `limit` bytes.
  public static func readInput(limit: Int = 16 << 20) -> Bytes {
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 64 << 10)
    while bytes.count < limit {
      let count = read(STDIN_FILENO, &chunk, chunk.count)
      guard count > 0 else { break }
      bytes += chunk[..<count]
    }
    return Bytes(bytes)
  }

  private static func write(_ text: String, _ descriptor: Int32) {
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      let written = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      guard written > 0 || errno == EINTR else { return }
      if written > 0 { rest = rest.dropFirst(written) }
    }
  }
}
