import Synchronization

/// Lookups of many tasks in few statements: what is asked while a statement is under way is asked together by the next. One of those who
/// wait sends it, so that no task of its own is needed; nobody waits for others to come.
final class GatheredLookups<Key: Hashable & Sendable, Value: Sendable, Failure: Error>: Sendable {
  typealias Look = @Sendable ([Key]) async throws(Failure) -> [Key: Value]

  /// Statements under way at once.
  private static var statementsMax: Int { 2 }
  /// Keys of one statement.
  private static var keysMax: Int { 1000 }

  private struct Waiter {
    let key: Key
    let continuation: CheckedContinuation<Turn, Never>
  }

  private enum Turn {
    case answered(Result<Value?, Failure>)
    /// Asks for itself and for these.
    case ask([Waiter])
  }

  private struct State {
    var statements = 0
    var waiting: [Waiter] = []
  }

  private let look: Look
  private let state = Mutex(State())

  init(_ look: @escaping Look) { self.look = look }

  /// - Returns: what there is of `key`.
  func value(of key: Key) async throws(Failure) -> Value? {
    let turn = await withCheckedContinuation { continuation in
      let isFirst = state.withLock { state in
        guard state.statements >= GatheredLookups.statementsMax else {
          state.statements += 1
          return true
        }
        state.waiting.append(Waiter(key: key, continuation: continuation))
        return false
      }
      if isFirst { continuation.resume(returning: .ask([])) }
    }
    switch turn {
    case .answered(let answer): return try answer.get()
    case .ask(let others): return try await ask(key, others)
    }
  }

  private func ask(_ key: Key, _ others: [Waiter]) async throws(Failure) -> Value? {
    do throws(Failure) {
      let found = try await look(Array(Set(others.map(\.key) + [key])))
      for other in others { other.continuation.resume(returning: .answered(.success(found[other.key]))) }
      passOn()
      return found[key]
    } catch {
      if Task.isCancelled {
        // It is this task that was given up, not the others' question.
        state.withLock { $0.waiting.insert(contentsOf: others, at: 0) }
      } else {
        for other in others { other.continuation.resume(returning: .answered(.failure(error))) }
      }
      passOn()
      throw error
    }
  }

  /// Lets the next one ask, for itself and those behind it.
  private func passOn() {
    let next = state.withLock { state -> (Waiter, [Waiter])? in
      guard let first = state.waiting.first else {
        state.statements -= 1
        return nil
      }
      let batch = state.waiting.prefix(GatheredLookups.keysMax).dropFirst()
      state.waiting.removeFirst(batch.count + 1)
      return (first, Array(batch))
    }
    next?.0.continuation.resume(returning: .ask(next?.1 ?? []))
  }
}
