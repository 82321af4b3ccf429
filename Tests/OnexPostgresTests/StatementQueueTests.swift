import Testing

@testable import OnexPostgres

@Suite struct StatementQueueTests {
  private func drain(_ queue: inout StatementQueue<String>) -> [String] {
    var taken: [String] = []
    while let item = queue.next() { taken.append(item.work) }
    return taken
  }

  @Test func statementsRunInOrder() {
    var queue = StatementQueue<String>(countMax: 8)
    let accepted = ["a", "b", "c"].enumerated().map { queue.add($1, id: UInt64($0), role: .alone) }
    #expect(accepted == [true, true, true])
    #expect(drain(&queue) == ["a", "b", "c"])
  }

  @Test func anOpenTransactionKeepsTheConnectionToItself() {
    var queue = StatementQueue<String>(countMax: 8)
    _ = queue.add("begin 1", id: 1, role: .begins(1))
    _ = queue.add("stranger", id: 2, role: .alone)
    _ = queue.add("begin 2", id: 3, role: .begins(2))
    #expect(drain(&queue) == ["begin 1"])
    _ = queue.add("insert", id: 4, role: .inside(1))
    #expect(drain(&queue) == ["insert"])
    _ = queue.add("commit", id: 5, role: .ends(1))
    #expect(drain(&queue) == ["commit", "stranger", "begin 2"])
    #expect(queue.holder == 2)
  }

  @Test func aTransactionThatDidNotBeginIsReleased() {
    var queue = StatementQueue<String>(countMax: 8)
    _ = queue.add("begin", id: 1, role: .begins(1))
    _ = queue.add("next", id: 2, role: .alone)
    #expect(drain(&queue) == ["begin"])
    queue.release(7)
    #expect(drain(&queue).isEmpty)
    queue.release(1)
    #expect(drain(&queue) == ["next"])
  }

  @Test func aFullQueueStillTakesTheEndOfATransaction() {
    var queue = StatementQueue<String>(countMax: 1)
    _ = queue.add("begin", id: 1, role: .begins(1))
    _ = queue.next()
    let accepted = [
      queue.add("waits", id: 2, role: .alone), queue.add("too many", id: 3, role: .inside(1)),
      queue.add("rollback", id: 4, role: .ends(1)),
    ]
    #expect(accepted == [true, false, true])
    #expect(drain(&queue) == ["rollback", "waits"])
  }

  @Test func aCancelledStatementLeavesTheQueue() {
    var queue = StatementQueue<String>(countMax: 2)
    _ = queue.add("a", id: 1, role: .alone)
    _ = queue.add("b", id: 2, role: .alone)
    let removed = [queue.remove(1), queue.remove(1)]
    #expect(removed == ["a", nil])
    #expect(drain(&queue) == ["b"])
  }
}
