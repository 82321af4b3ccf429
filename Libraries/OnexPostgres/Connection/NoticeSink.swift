import CPostgres
import OnexCore

/// Takes the server's notices, which libpq would print to standard error.
final class NoticeSink {
  private let logger: Logger

  init(_ logger: Logger) { self.logger = logger }

  static let receive: @convention(c) (UnsafeMutableRawPointer?, OpaquePointer?) -> Void = { context, result in
    guard let context, let result, let text = PQresultErrorMessage(result) else { return }
    let sink = Unmanaged<NoticeSink>.fromOpaque(context).takeUnretainedValue()
    let line = String(cString: text).split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
    sink.logger.debug("notice from the database", ["notice": .string(line)])
  }
}
