import OnexCore
import OnexInMemory
import OnexTestSupport
import Testing

@Suite struct InMemoryStoreTests {
  @Test(arguments: StoreConformance.Check.allCases)
  func keepsThePromise(_ check: StoreConformance.Check) async throws {
    try await StoreConformance(InMemoryStore()).run(check)
  }
}
