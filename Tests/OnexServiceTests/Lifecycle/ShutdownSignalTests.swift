import OnexService
import Testing

@Suite struct ShutdownSignalTests {
  @Test func whoWaitsIsWokenAndWhoComesLaterDoesNotWait() async {
    let signal = ShutdownSignal()
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<10 { group.addTask { await signal.wait() } }
      group.addTask { signal.request() }
    }
    #expect(signal.isRequested)
    signal.request()
    await signal.wait()
  }

  @Test func aCancelledWaitReturnsWithoutARequest() async {
    let signal = ShutdownSignal()
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<10 { group.addTask { await signal.wait() } }
      group.cancelAll()
    }
    #expect(!signal.isRequested)
  }
}
