/// First in, first out over an array whose consumed front is dropped in one go, so that taking is constant time on average. An element
/// that was taken is let go at once: it may hold a large record.
struct Queue<Element: Sendable>: Sendable {
  private static var compactAt: Int { 1024 }

  private var storage: [Element?] = []
  private var head = 0

  var count: Int { storage.count - head }
  var isEmpty: Bool { count == 0 }

  mutating func append(_ element: Element) { storage.append(element) }

  mutating func removeAll(where isDropped: (Element) -> Bool) {
    storage = storage[head...].filter { $0.map { !isDropped($0) } ?? false }
    head = 0
  }

  mutating func popFirst() -> Element? {
    guard head < storage.count else { return nil }
    let element = storage[head]
    storage[head] = nil
    head += 1
    if head == storage.count {
      storage.removeAll(keepingCapacity: storage.capacity <= Queue.compactAt)
      head = 0
    } else if head >= Queue.compactAt {
      storage.removeFirst(head)
      head = 0
    }
    return element
  }
}
