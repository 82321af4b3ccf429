import OnexCore
import OnexInMemory
import OnexTestSupport
import Testing

@Suite struct InMemoryStoreTests {
  @Test(arguments: StoreConformance.Check.allCases)
  func keepsThePromise(_ check: StoreConformance.Check) async throws {
    try await StoreConformance(InMemoryStore()).run(check)
  }

  @Test(arguments: StreamStoreConformance.Check.allCases)
  func keepsStreams(_ check: StreamStoreConformance.Check) async throws {
    let store = InMemoryStore()
    try await StreamStoreConformance(store, store).run(check)
  }
}
