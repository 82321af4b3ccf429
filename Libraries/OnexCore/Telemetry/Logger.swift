/// Structured logging: the message is a constant, so that a search for it finds every occurrence; what varies is in fields.
public struct Logger: Sendable {
  public let label: String
  public let level: LogLevel
  private let sink: any LogSink
  private let fields: [LogField]

  public init(label: String, level: LogLevel = .info, sink: any LogSink, fields: [LogField] = []) {
    self.label = label
    self.level = level
    self.sink = sink
    self.fields = fields
  }

  /// A logger that writes nothing; for code that is used outside a service.
  public static let disabled = Logger(label: "", level: .error, sink: DiscardingLogSink())

  /// The same logger with fields that every line of it carries.
  public func with(_ fields: KeyValuePairs<StaticString, LogValue>) -> Logger {
    Logger(label: label, level: level, sink: sink, fields: self.fields + fields.map { LogField($0.key, $0.value) })
  }

  public func debug(_ message: StaticString, _ fields: @autoclosure () -> KeyValuePairs<StaticString, LogValue> = [:]) {
    write(.debug, message, fields)
  }

  public func info(_ message: StaticString, _ fields: @autoclosure () -> KeyValuePairs<StaticString, LogValue> = [:]) {
    write(.info, message, fields)
  }

  public func warning(_ message: StaticString, _ fields: @autoclosure () -> KeyValuePairs<StaticString, LogValue> = [:]) {
    write(.warning, message, fields)
  }

  public func error(_ message: StaticString, _ fields: @autoclosure () -> KeyValuePairs<StaticString, LogValue> = [:]) {
    write(.error, message, fields)
  }

  private func write(
    _ level: LogLevel, _ message: StaticString, _ fields: () -> KeyValuePairs<StaticString, LogValue>
  ) {
    guard level >= self.level else { return }
    let all = self.fields + fields().map { LogField($0.key, $0.value) }
    sink.write(LogEntry(level: level, label: label, message: message, fields: all))
  }
}
