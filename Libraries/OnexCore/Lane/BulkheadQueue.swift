/// The compartment that a piece of work belongs to: its handler, and the place outside that the handler calls. A callee that does
/// not answer fills its own compartment and leaves room for the others.
public struct Bulkhead: Hashable, Sendable {
  public let handler: String
  /// For HTTP the origin (scheme, host, port). `nil` where the work names no callee.
  public let target: Bytes?

  public init(handler: String, target: Bytes? = nil) {
    self.handler = handler
    self.target = target
  }
}

/// Hands out a bounded number of places, of which one handler and one target get a share only. Within a bulkhead in order of
/// arrival, between bulkheads in turn. Every operation is constant time on average, however much waits and whatever is blocked.
///
/// A queue below four places has nothing to share: there a bulkhead may take all of them.
public struct BulkheadQueue<Item: Sendable>: Sendable {
  private struct Target {
    var running = 0
    var ready = Queue<Item>()
    var isInTurn = false
  }

  private struct Handler {
    var running = 0
    var targets: [Bytes?: Target] = [:]
    /// Targets with ready items and room in their share.
    var turns = Queue<Bytes?>()
    var isInTurn = false

    mutating func queue(_ name: Bytes?, _ share: Int) {
      guard let index = targets.index(forKey: name) else { return }
      let target = targets.values[index]
      guard !target.isInTurn, target.running < share, !target.ready.isEmpty else { return }
      targets.values[index].isInTurn = true
      turns.append(name)
    }

    mutating func take(_ share: Int) -> (item: Item, target: Bytes?)? {
      while let name = turns.popFirst() {
        guard let index = targets.index(forKey: name) else { continue }
        targets.values[index].isInTurn = false
        guard let item = targets.values[index].ready.popFirst() else {
          // Its items were removed meanwhile.
          _ = forget(name)
          continue
        }
        targets.values[index].running += 1
        running += 1
        return (item, name)
      }
      return nil
    }

    /// Drops a target that has nothing any more.
    ///
    /// - Returns: true when the handler has nothing either.
    mutating func forget(_ name: Bytes?) -> Bool {
      if let target = targets[name], target.running == 0, target.ready.isEmpty, !target.isInTurn { targets[name] = nil }
      return targets.isEmpty && !isInTurn
    }
  }

  public let placesMax: Int
  public let handlerShare: Int
  public let targetShare: Int
  public private(set) var running = 0
  /// Items without a bulkhead, which have no share but the whole.
  private var unshared = Queue<Item>()
  private var handlers: [String: Handler] = [:]
  /// Handlers with a target in turn and room in their share; `nil` for items without a bulkhead.
  private var turns = Queue<String?>()

  /// - Parameter sharesHandlers: false where all items are of one handler, which then may use every place.
  public init(placesMax: Int, sharesHandlers: Bool = true) {
    precondition(placesMax >= 1, "something must be able to run")
    self.placesMax = placesMax
    handlerShare = placesMax < 4 || !sharesHandlers ? placesMax : placesMax - placesMax / 4
    targetShare = placesMax < 4 ? placesMax : placesMax / 2
  }

  public mutating func add(_ item: Item, _ bulkhead: Bulkhead?) {
    guard let bulkhead else {
      unshared.append(item)
      return turns.append(nil)
    }
    handlers[bulkhead.handler, default: Handler()].targets[bulkhead.target, default: Target()].ready.append(item)
    queue(bulkhead)
  }

  /// The next item that may run; call until `nil`. Followed by `finished` with the same bulkhead.
  public mutating func next() -> (item: Item, bulkhead: Bulkhead?)? {
    while running < placesMax, let turn = turns.popFirst() {
      guard let name = turn else {
        guard let item = unshared.popFirst() else { continue }
        running += 1
        return (item, nil)
      }
      guard let (item, target) = handlers[name]?.take(targetShare) else {
        handlers[name]?.isInTurn = false
        continue
      }
      running += 1
      handlers[name]?.isInTurn = false
      let bulkhead = Bulkhead(handler: name, target: target)
      queue(bulkhead)
      return (item, bulkhead)
    }
    return nil
  }

  /// An item of this bulkhead has given its place back.
  public mutating func finished(_ bulkhead: Bulkhead?) {
    precondition(running > 0, "only running work ends")
    running -= 1
    guard let bulkhead else { return }
    handlers[bulkhead.handler]?.running -= 1
    handlers[bulkhead.handler]?.targets[bulkhead.target]?.running -= 1
    queue(bulkhead)
    if handlers[bulkhead.handler]?.forget(bulkhead.target) == true { handlers[bulkhead.handler] = nil }
  }

  /// Drops ready items that nobody waits for any more. Linear; for callers that count what they have given up.
  public mutating func removeReady(where isDropped: (Item) -> Bool) {
    unshared.removeAll(where: isDropped)
    for name in handlers.keys {
      for target in handlers[name]?.targets.keys.map({ $0 }) ?? [] {
        handlers[name]?.targets[target]?.ready.removeAll(where: isDropped)
      }
    }
  }

  /// Puts the bulkhead in turn where it has something ready and room.
  private mutating func queue(_ bulkhead: Bulkhead) {
    guard let index = handlers.index(forKey: bulkhead.handler) else { return }
    handlers.values[index].queue(bulkhead.target, targetShare)
    let handler = handlers.values[index]
    guard !handler.isInTurn, handler.running < handlerShare, !handler.turns.isEmpty else { return }
    handlers.values[index].isInTurn = true
    turns.append(bulkhead.handler)
  }
}
