import OnexCore
import Synchronization
import Testing

@testable import OnexPostgres

@Suite(.timeLimit(.minutes(1))) struct GatheredLookupsTests {
  private struct Refused: Error, Equatable { let keys: Int }

  /// Counts statements; the first ones wait until enough others have asked.
  private final class Database: Sendable {
    let statements = Mutex<[Int]>([])
    private let gate = AsyncStream<Void>.makeStream()
    let failing: Bool

    init(failing: Bool = false) { self.failing = failing }

    func open() { gate.continuation.finish() }

    func look(_ keys: [Int]) async throws(Refused) -> [Int: String] {
      let number = statements.withLock { statements in
        statements.append(keys.count)
        return statements.count
      }
      if number <= 2 { for await _ in gate.stream {} }
      if failing { throw Refused(keys: keys.count) }
      return Dictionary(uniqueKeysWithValues: keys.filter { $0.isMultiple(of: 2) }.map { ($0, "\($0)") })
    }
  }

  private func ask(_ count: Int, _ database: Database, _ lookups: GatheredLookups<Int, String, Refused>) async
    -> [Int: Result<String?, Refused>]
  {
    await withTaskGroup(of: (Int, Result<String?, Refused>).self) { group in
      for key in 0..<count {
        group.addTask {
          do throws(Refused) {
            return (key, .success(try await lookups.value(of: key)))
          } catch {
            return (key, .failure(error))
          }
        }
      }
      while database.statements.withLock({ $0.count }) < 2 { await Task.yield() }
      database.open()
      var answers: [Int: Result<String?, Refused>] = [:]
      for await (key, answer) in group { answers[key] = answer }
      return answers
    }
  }

  @Test func everyoneGetsItsOwnAnswerFromFewStatements() async {
    let database = Database()
    let answers = await ask(500, database, GatheredLookups { keys throws(Refused) in try await database.look(keys) })
    #expect(answers.count == 500)
    for (key, answer) in answers { #expect(answer == .success(key.isMultiple(of: 2) ? "\(key)" : nil)) }
    let sizes = database.statements.withLock { $0 }
    #expect(sizes.reduce(0, +) == 500 && sizes.prefix(2) == [1, 1])
    #expect(sizes.count < 500, "what is asked meanwhile is asked together: \(sizes)")
  }

  @Test func aFailureIsToldToAllWhoAskedWithIt() async {
    let database = Database(failing: true)
    let answers = await ask(100, database, GatheredLookups { keys throws(Refused) in try await database.look(keys) })
    #expect(answers.values.allSatisfy { if case .failure = $0 { true } else { false } })
  }

  @Test func whoeverIsCancelledLeavesTheOthersTheirTurn() async {
    let database = Database()
    let lookups = GatheredLookups { (keys: [Int]) throws(Refused) in
      let found = try await database.look(keys)
      if Task.isCancelled { throw Refused(keys: keys.count) }
      return found
    }
    await withTaskGroup(of: Bool.self) { group in
      let asked = (0..<2).map { key in Task { try? await lookups.value(of: key) } }
      while database.statements.withLock({ $0.count }) < 2 { await Task.yield() }
      group.addTask { (try? await lookups.value(of: 4)) == "4" }
      for task in asked { task.cancel() }
      database.open()
      for await isRight in group { #expect(isRight) }
      for task in asked { _ = await task.value }
    }
  }
}
