/// Statements that wait for the connection, in order, except that a transaction that has begun keeps the connection to itself.
struct StatementQueue<Work> {
  enum Role: Equatable {
    case alone
    case begins(UInt64)
    case inside(UInt64)
    case ends(UInt64)

    /// The transaction that a statement must belong to for running while that one is open.
    var transaction: UInt64? {
      switch self {
      case .alone, .begins: nil
      case .inside(let id), .ends(let id): id
      }
    }
  }

  private var waiting: [(id: UInt64, role: Role, work: Work)] = []
  /// The transaction that has the connection.
  private(set) var holder: UInt64?
  let countMax: Int

  init(countMax: Int) { self.countMax = countMax }

  /// Nothing waits, and no transaction has the connection.
  var isAtRest: Bool { waiting.isEmpty && holder == nil }

  /// `false` when there is no room. The end of a transaction always has room: without it the connection would never be free.
  mutating func add(_ work: Work, id: UInt64, role: Role) -> Bool {
    if case .ends = role {} else if waiting.count >= countMax { return false }
    waiting.append((id, role, work))
    return true
  }

  /// The next statement that may run now.
  mutating func next() -> (id: UInt64, work: Work)? {
    guard let index = waiting.firstIndex(where: { holder == nil || $0.role.transaction == holder }) else { return nil }
    let item = waiting.remove(at: index)
    switch item.role {
    case .begins(let transaction): holder = transaction
    case .ends: holder = nil
    case .alone, .inside: break
    }
    return (item.id, item.work)
  }

  /// The transaction did not begin, or is over by other means.
  mutating func release(_ transaction: UInt64) {
    if holder == transaction { holder = nil }
  }

  mutating func remove(_ id: UInt64) -> Work? {
    waiting.firstIndex { $0.id == id }.map { waiting.remove(at: $0).work }
  }

  mutating func removeAll() -> [Work] {
    defer { waiting = [] }
    return waiting.map(\.work)
  }
}
