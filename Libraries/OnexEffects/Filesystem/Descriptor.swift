import Glibc

/// An open file or folder, closed at the end of its scope.
struct Descriptor: ~Copyable {
  let number: Int32

  /// `nil` for what a failed call returns.
  init?(_ number: Int32) {
    guard number >= 0 else { return nil }
    self.number = number
  }

  deinit { close(number) }

  /// - Throws: the call's `errno`.
  func status() throws(SystemError) -> stat {
    var status = stat()
    guard fstat(number, &status) == 0 else { throw SystemError() }
    return status
  }

  func sync() throws(SystemError) {
    guard fsync(number) == 0 else { throw SystemError() }
  }
}
