import OnexCore

/// The log of a service: one line an entry, as JSON for machines or as text for people.
public struct LineLogSink: LogSink {
  public enum Format: String, Sendable { case json, text }

  private let format: Format
  private let output: LogOutput
  private let clock: any RuntimeClock

  public init(format: Format, output: LogOutput = LogOutput(), clock: any RuntimeClock = SystemClock()) {
    self.format = format
    self.output = output
    self.clock = clock
  }

  public func write(_ entry: LogEntry) {
    output.write(line(entry)) { lost in
      line(
        LogEntry(
          level: .warning, label: entry.label, message: "log lines were dropped because their reader did not keep up",
          fields: [LogField("count", .integer(lost))]))
    }
  }

  private func line(_ entry: LogEntry) -> [UInt8] {
    switch format {
    case .json: LogLine.json(entry, at: clock.now())
    case .text: LogLine.text(entry, at: clock.now())
    }
  }
}
