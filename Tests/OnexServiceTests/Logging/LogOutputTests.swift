import Glibc
import OnexCore
import Testing

@testable import OnexService

@Suite struct LogOutputTests {
  private let reading: Int32
  private let writing: Int32

  init() {
    var ends: [Int32] = [0, 0]
    precondition(pipe(&ends) == 0, "a pipe can be opened")
    (reading, writing) = (ends[0], ends[1])
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    // A test that expects more than there is should fail and not hang.
    _ = fcntl(reading, F_SETFL, O_NONBLOCK)
  }

  private func read(atMost count: Int) -> String {
    var buffer = [UInt8](repeating: 0, count: count)
    let length = Glibc.read(reading, &buffer, count)
    return String(decoding: buffer.prefix(max(length, 0)), as: UTF8.self)
  }

  @Test func linesOfOneLoggerArriveWholeAndInOrder() {
    let output = LogOutput(descriptor: writing)
    let logger = Logger(label: "probe", level: .info, sink: LineLogSink(format: .text, output: output))
    logger.info("first")
    logger.debug("not written")
    logger.error("second", ["count": 2])
    let lines = read(atMost: 4096).split(separator: "\n").map { $0.dropFirst(28) }
    #expect(lines == ["INFO probe: first", "ERROR probe: second count=2"])
    close(reading)
    close(writing)
  }

  @Test func aReaderThatStoppedIsNotWaitedForAndLearnsWhatItMissed() {
    let lost = Counter()
    let output = LogOutput(descriptor: writing, lostTotal: lost)
    let line = [UInt8](repeating: UInt8(ascii: "x"), count: 4095) + [UInt8(ascii: "\n")]
    // A pipe holds 1 MiB at most (pipe(7)).
    for _ in 0..<257 where lost.value == 0 { output.write(line) { _ in [] } }
    for _ in 0..<4 { output.write(line) { _ in [] } }
    #expect(lost.value == 5)
    while !read(atMost: 65536).isEmpty {}
    output.write(Array("next\n".utf8)) { Array("lost \($0)\n".utf8) }
    #expect(read(atMost: 4096) == "lost 5\nnext\n")
    close(reading)
    close(writing)
  }

  @Test func aReaderThatIsGoneDoesNotEndTheProcess() {
    signal(SIGPIPE, SIG_IGN)
    close(reading)
    LogOutput(descriptor: writing).write([UInt8(ascii: "x")]) { _ in [] }
    close(writing)
  }
}
