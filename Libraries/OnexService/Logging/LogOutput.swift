import Glibc
import OnexCore
import Synchronization

/// Writes finished log lines to a file descriptor, each with one `write`.
///
/// A line is at most `lineBytesMax` long, which POSIX calls PIPE_BUF: up to there a write to a pipe is never interleaved with
/// another process's, and a pipe that is ready takes it without waiting. A pipe whose reader has stopped is not waited for:
/// the line is dropped and counted, and the next line that gets through says how many were lost.
public final class LogOutput: Sendable {
  static let lineBytesMax = 4096

  private let descriptor: Int32
  private let lost = Mutex(0)
  private let lostTotal: Counter

  public init(descriptor: Int32 = STDOUT_FILENO, lostTotal: Counter = Counter()) {
    self.descriptor = descriptor
    self.lostTotal = lostTotal
  }

  /// - Parameters:
  ///   - line: ends with a newline.
  ///   - lossNotice: makes the line that reports how many were lost before this one.
  func write(_ line: [UInt8], lossNotice: (Int) -> [UInt8]) {
    lost.withLock { lost in
      guard isWritable else {
        lost += 1
        lostTotal.add()
        return
      }
      if lost > 0 {
        put(lossNotice(lost))
        lost = 0
        guard isWritable else {
          lost = 1
          lostTotal.add()
          return
        }
      }
      put(line)
    }
  }

  private var isWritable: Bool {
    var request = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
    return poll(&request, 1, 0) == 1 && request.revents & Int16(POLLOUT) != 0
  }

  /// A closed or full target has nowhere to report itself to; the service goes on without its log.
  private func put(_ line: [UInt8]) {
    line.withUnsafeBytes { buffer in
      while Glibc.write(descriptor, buffer.baseAddress, buffer.count) < 0, errno == EINTR {}
    }
  }
}
