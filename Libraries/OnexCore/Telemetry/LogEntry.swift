public enum LogLevel: Int, Sendable, Comparable, CaseIterable {
  case debug, info, warning, error

  public static func < (left: LogLevel, right: LogLevel) -> Bool { left.rawValue < right.rawValue }
}

public enum LogValue: Sendable, ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
  ExpressibleByStringInterpolation
{
  case string(String)
  case integer(Int64)
  case double(Double)
  case boolean(Bool)

  public init(stringLiteral value: String) { self = .string(value) }
  public init(integerLiteral value: Int64) { self = .integer(value) }
  public init(booleanLiteral value: Bool) { self = .boolean(value) }

  public static func integer(_ value: some BinaryInteger) -> LogValue { .integer(Int64(clamping: value)) }

  public static func text(_ value: some CustomStringConvertible) -> LogValue { .string(value.description) }
}

public struct LogField: Sendable {
  public let name: StaticString
  public let value: LogValue

  public init(_ name: StaticString, _ value: LogValue) {
    self.name = name
    self.value = value
  }
}

public struct LogEntry: Sendable {
  public let level: LogLevel
  public let label: String
  public let message: StaticString
  public let fields: [LogField]

  public init(level: LogLevel, label: String, message: StaticString, fields: [LogField]) {
    self.level = level
    self.label = label
    self.message = message
    self.fields = fields
  }
}

/// Where log lines go. `write` may be called from any thread and must not wait for anything slow.
public protocol LogSink: Sendable {
  func write(_ entry: LogEntry)
}

public struct DiscardingLogSink: LogSink {
  public init() {}
  public func write(_ entry: LogEntry) {}
}
