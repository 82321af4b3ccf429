import Glibc

/// Text for whoever started the process.
public enum StandardStream: Int32 {
  case output = 1
  case error = 2

  /// All of it, as it stands; what nobody reads any more is dropped.
  public func write(_ text: String) {
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      let written = rest.withUnsafeBytes { Glibc.write(rawValue, $0.baseAddress, $0.count) }
      // A closed pipe: nobody reads, and there is nowhere else to say it.
      guard written > 0 || errno == EINTR else { return }
      if written > 0 { rest = rest.dropFirst(written) }
    }
  }
}
