import OnexCore
import Synchronization

/// Hands settlements from the tasks that decide to those that commit. The busier the pipeline, the larger the batches, up to a bound of
/// records and bytes: within it a committer takes from each waiting lane in turn, and the next one begins where it stopped. Settlements of
/// a lane that another committer has under way wait for that, so that each lane stays in order. So do settlements that concern a stream
/// which another committer has under way: of two commits that change one stream, the store takes the first only.
final class SettlementQueue: Sendable {
  private struct Item {
    let settlement: Settlement
    let records: Int
    let bytes: Int
    /// The streams that it may change.
    let streams: [StreamName]

    init(_ settlement: Settlement, outputBytes: Int) {
      self.settlement = settlement
      records = settlement.records.count
      bytes = settlement.records.reduce(outputBytes) { $0 + $1.size }
      streams = settlement.special.values.compactMap { $0.work?.stream }
    }
  }

  private struct State {
    /// What waits, by partition; a partition without settlements has no entry.
    var waiting: [TopicPartition: Deque<Item>] = [:]
    /// Partitions that have something to take, in the order of their turns. Contains neither those under way nor those without settlements.
    var turns = Deque<TopicPartition>()
    var records = 0
    var bytes = 0
    var isClosed = false
    var isAbandoned = false
    /// Partitions that a committer has taken settlements of and not finished.
    var underWay: Set<TopicPartition> = []
    /// Streams of what is under way.
    var streams: Set<StreamName> = []
    /// Partitions whose first settlement concerns one of `streams`, in the order in which they were met. They get the first turns when
    /// a committer finishes.
    var clashing: [TopicPartition] = []
    /// The streams of `clashing`. Nobody takes other work on them meanwhile: two busy committers would keep a partition waiting for ever.
    var reserved: Set<StreamName> = []
    var readers: [CheckedContinuation<Void, Never>] = []

    var isAtEnd: Bool { isAbandoned || (isClosed && waiting.isEmpty) }

    func clashes(_ item: Item) -> Bool {
      guard !item.streams.isEmpty, !streams.isEmpty || !reserved.isEmpty else { return false }
      return item.streams.contains { streams.contains($0) || reserved.contains($0) }
    }

    /// Puts a partition aside that clashes with what others have under way.
    mutating func setAside(_ partition: TopicPartition, _ item: Item) {
      clashing.append(partition)
      reserved.formUnion(item.streams)
    }
  }

  private let state = Mutex(State())
  private let recordsMax: Int
  private let bytesMax: Int
  private let outputs = ByteTotal()

  /// - Parameters:
  ///   - recordsMax: records that one `take` returns at most; a single settlement may have more.
  ///   - bytesMax: the same for the bytes of records and outputs.
  init(recordsMax: Int = .max, bytesMax: Int = .max) {
    precondition(recordsMax > 0 && bytesMax > 0, "a commit has room for a record")
    self.recordsMax = recordsMax
    self.bytesMax = bytesMax
  }

  /// Records that wait here.
  var count: Int { state.withLock { $0.records } }

  /// Bytes of outputs that are held here or on their way to the broker.
  var heldBytes: Int { outputs.value }

  /// Adds a settlement. One that comes from a cancelled task is dropped: its work was interrupted, and whoever does it again gives the
  /// answer.
  func add(_ settlement: Settlement) {
    guard !Task.isCancelled else { return }
    var settlement = settlement
    let outputBytes = settlement.outputBytes
    settlement.held = HeldBytes(outputBytes, of: outputs)
    let item = Item(settlement, outputBytes: outputBytes)
    let partition = settlement.lane.partition
    let reader: CheckedContinuation<Void, Never>? = state.withLock { state in
      guard !state.isAbandoned else { return nil }
      state.records += item.records
      state.bytes += item.bytes
      if state.waiting[partition]?.append(item) != nil { return nil }
      state.waiting[partition] = Deque([item])
      // While the partition is under way, its committer takes the item when it finishes.
      guard !state.underWay.contains(partition) else { return nil }
      state.turns.append(partition)
      return state.readers.popLast()
    }
    reader?.resume()
  }

  /// No more settlements will come.
  func close() {
    wakeAll { $0.isClosed = true }
  }

  /// Drops what waits and everything that still comes.
  func abandon() {
    wakeAll { state in
      state.isAbandoned = true
      state.waiting = [:]
      state.turns = Deque()
      (state.clashing, state.reserved) = ([], [])
      (state.records, state.bytes) = (0, 0)
    }
  }

  /// Settlements of lanes that no other committer has under way, each lane's in order; `nil` when the queue is closed and empty, or
  /// abandoned. Followed by `finish`.
  func take() async -> [Settlement]? {
    while true {
      let (taken, isAtEnd) = state.withLock { state in (take(&state), state.isAtEnd) }
      if !taken.isEmpty { return taken }
      if isAtEnd { return nil }
      await withCheckedContinuation { continuation in
        let isReady = state.withLock { state in
          guard state.turns.isEmpty, !state.isAtEnd else { return true }
          state.readers.append(continuation)
          return false
        }
        if isReady { continuation.resume() }
      }
    }
  }

  /// The lanes and streams of what was taken are free again.
  func finish(_ taken: [Settlement]) {
    wakeAll { state in
      if !state.clashing.isEmpty {
        state.turns = Deque(state.clashing + state.turns.elements)
        (state.clashing, state.reserved) = ([], [])
      }
      for settlement in taken {
        for case let work? in settlement.special.values.map(\.work) { state.streams.remove(work.stream) }
        let partition = settlement.lane.partition
        guard state.underWay.remove(partition) != nil, state.waiting[partition] != nil else { continue }
        state.turns.append(partition)
      }
    }
  }

  private func take(_ state: inout State) -> [Settlement] {
    let isAll = state.records <= recordsMax && state.bytes <= bytesMax
    let taken = isAll ? takeAll(&state) : takeInTurn(&state)
    for item in taken {
      state.records -= item.records
      state.bytes -= item.bytes
      state.underWay.insert(item.settlement.lane.partition)
      state.streams.formUnion(item.streams)
    }
    return taken.map(\.settlement)
  }

  /// As much as one commit takes, one settlement of each lane after the other.
  private func takeInTurn(_ state: inout State) -> [Item] {
    var taken: [TopicPartition: [Item]] = [:]
    var order: [TopicPartition] = []
    var (records, bytes) = (0, 0)
    while let partition = state.turns.first, let item = state.waiting[partition]?.first {
      if records > 0, records + item.records > recordsMax || bytes + item.bytes > bytesMax { break }
      state.turns.removeFirst()
      if state.clashes(item) {
        // A lane of which something is taken has its next turn when that is finished.
        if taken[partition] == nil { state.setAside(partition, item) }
        continue
      }
      state.waiting[partition]?.removeFirst()
      records += item.records
      bytes += item.bytes
      if taken[partition] == nil { order.append(partition) }
      taken[partition, default: []].append(item)
      if state.waiting[partition]?.isEmpty == true { state.waiting[partition] = nil } else { state.turns.append(partition) }
    }
    // What is left of the lanes taken waits until they are finished.
    if !state.turns.isEmpty { state.turns.removeAll { taken[$0] != nil } }
    return order.flatMap { taken[$0] ?? [] }
  }

  /// Everything whose turn can come; it fits into one commit.
  private func takeAll(_ state: inout State) -> [Item] {
    var taken: [Item] = []
    for partition in state.turns.elements {
      guard let items = state.waiting.removeValue(forKey: partition)?.elements else { continue }
      guard let clash = items.firstIndex(where: state.clashes) else {
        taken += items
        continue
      }
      state.waiting[partition] = Deque(Array(items[clash...]))
      taken += items[..<clash]
      if clash == 0 { state.setAside(partition, items[0]) }
    }
    state.turns = Deque()
    return taken
  }

  private func wakeAll(_ change: (inout State) -> Void) {
    let readers = state.withLock { state in
      change(&state)
      defer { state.readers = [] }
      return state.readers
    }
    for reader in readers { reader.resume() }
  }
}

/// First in, first out, in constant time on average. What was taken is let go at once.
private struct Deque<Element> {
  private static var compactAt: Int { 256 }

  private var storage: [Element?] = []
  private var head = 0

  init() {}

  init(_ elements: [Element]) { storage = elements }

  var isEmpty: Bool { head == storage.count }
  var first: Element? { head < storage.count ? storage[head] : nil }
  var elements: [Element] { storage[head...].compactMap(\.self) }

  mutating func append(_ element: Element) { storage.append(element) }

  mutating func removeFirst() {
    storage[head] = nil
    head += 1
    guard head == storage.count || head >= Deque.compactAt else { return }
    storage.removeFirst(head)
    head = 0
  }

  mutating func removeAll(where isUnwanted: (Element) -> Bool) {
    storage = elements.filter { !isUnwanted($0) }
    head = 0
  }
}
