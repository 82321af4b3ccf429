import Glibc
import OnexCore
import Synchronization

/// Prints results, and knows whether a person looks.
///
/// Whatever is printed goes through `PrintableText`: text from outside cannot act on the terminal, wherever it was put together. The
/// colours are the only escape sequences that get through, in a `TerminalText`.
public struct Terminal: Sendable {
  public enum Stream: Sendable { case output, error }

  public enum Colour: String, Sendable {
    case green = "32"
    case red = "31"
    case yellow = "33"
    case faint = "2"
  }

  /// Somebody looks at what is printed to standard error.
  public let isInteractive: Bool
  private let hasColours: Bool
  private let sink: @Sendable (Stream, String) -> Void
  private let loss = Loss()

  private final class Loss: Sendable {
    let isNoticed = Atomic<Bool>(false)
  }

  /// Some of what was printed to standard output was not written: the disk is full, or the reader of a pipe has gone. A program that ends
  /// with success all the same says that its output is complete.
  public var hasLostOutput: Bool { loss.isNoticed.load(ordering: .acquiring) }

  /// - Parameter environment: looks a variable up; `NO_COLOR` and `TERM` count.
  public init(environment: (String) -> String?) {
    isInteractive = isatty(STDERR_FILENO) == 1
    hasColours = isatty(STDOUT_FILENO) == 1 && environment("NO_COLOR") == nil && environment("TERM") != "dumb"
    sink = { [loss] stream, text in
      let isWritten = Terminal.write(text, stream == .output ? STDOUT_FILENO : STDERR_FILENO)
      if !isWritten, stream == .output { loss.isNoticed.store(true, ordering: .releasing) }
    }
  }

  /// A terminal that hands what it would print to `sink`.
  public init(isInteractive: Bool = false, hasColours: Bool = false, sink: @escaping @Sendable (Stream, String) -> Void) {
    self.isInteractive = isInteractive
    self.hasColours = hasColours
    self.sink = sink
  }

  /// Prints words, JSON or YAML, of one line or several, and ends the line.
  public func print(_ text: String) { print(TerminalText(lines: text)) }

  public func print(_ text: TerminalText) { sink(.output, text.description + "\n") }

  /// Prints to standard error.
  public func printError(_ text: String) { printError(TerminalText(lines: text)) }

  public func printError(_ text: TerminalText) { sink(.error, text.description + "\n") }

  public func coloured(_ text: String, _ colour: Colour) -> TerminalText {
    let text = PrintableText.of(text)
    return TerminalText(trusted: hasColours ? "\u{1B}[\(colour.rawValue)m\(text)\u{1B}[0m" : text)
  }

  /// Runs `body`; when it takes over a second and a person looks, says what is being waited for and for how long.
  public func withProgress<Value: Sendable>(
    _ what: String, _ body: @Sendable () async throws -> Value
  ) async throws -> Value {
    guard isInteractive else { return try await body() }
    let what = PrintableText.of(what)
    let sink = sink
    let clock = SystemClock()
    let start = clock.uptime()
    return try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        while true {
          try await clock.sleep(for: .seconds(1))
          sink(.error, "\r\(what) … \(Int((clock.uptime() - start).seconds)) s")
        }
      }
      defer {
        group.cancelAll()
        if clock.uptime() - start >= .seconds(1) { sink(.error, "\r\u{1B}[K") }
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

  /// - Returns: whether all of it was written.
  private static func write(_ text: String, _ descriptor: Int32) -> Bool {
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      let written = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      guard written > 0 || errno == EINTR else { return false }
      if written > 0 { rest = rest.dropFirst(written) }
    }
    return true
  }
}
