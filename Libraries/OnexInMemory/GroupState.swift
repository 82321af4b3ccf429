import OnexCore

/// A consumer group of the in-memory bus: members, who owns what, and what is committed. Pure; it leaves events for the
/// members behind.
struct GroupState {
  struct Member {
    var topics: [String]
    var events: [ConsumerEvent] = []
    var owned: Set<TopicPartition> = []
    var revoking: Set<TopicPartition> = []
    var paused: Set<TopicPartition> = []
    var positions: [TopicPartition: Int64] = [:]
    /// Where reading began: nothing before it is lag.
    var begun: [TopicPartition: Int64] = [:]
    var start: Subscription.Start
    var hasJoined = false
    /// Which partition the next poll reads first: a busy one does not keep the others waiting.
    var turn = 0
  }

  var members: [Int: Member] = [:]
  /// The next offset to read for whoever gets the partition.
  var committed: [TopicPartition: Int64] = [:]
  private var target: [TopicPartition: Int] = [:]

  /// Shares `partitions` out anew: nobody loses a partition that it may keep, and nobody gets one that another still holds.
  mutating func rebalance(_ partitions: [TopicPartition]) {
    target = GroupState.share(partitions, members)
    for id in members.keys.sorted() {
      guard var member = members[id] else { continue }
      let unwanted = member.owned.subtracting(member.revoking).filter { target[$0] != id }
      if !unwanted.isEmpty {
        member.revoking.formUnion(unwanted)
        member.events.append(.revoking(unwanted.sorted()))
      }
      members[id] = member
    }
    assignFree()
  }

  /// Gives partitions that nobody holds to whom they are meant for.
  mutating func assignFree() {
    let held = members.values.reduce(into: Set<TopicPartition>()) { $0.formUnion($1.owned) }
    for id in members.keys.sorted() {
      let new = target.filter { $0.value == id && !held.contains($0.key) }.map(\.key).sorted()
      guard !new.isEmpty || members[id]?.hasJoined == false else { continue }
      members[id]?.owned.formUnion(new)
      members[id]?.hasJoined = true
      members[id]?.events.append(.assigned(new))
    }
  }

  /// Takes partitions from a member, as a missed session would.
  mutating func lose(_ partitions: [TopicPartition], of id: Int) {
    release(partitions, of: id)
    members[id]?.events.append(.lost(partitions))
  }

  mutating func release(_ partitions: [TopicPartition], of id: Int) {
    guard var member = members[id] else { return }
    for partition in partitions {
      member.owned.remove(partition)
      member.revoking.remove(partition)
      member.paused.remove(partition)
      member.positions[partition] = nil
      member.begun[partition] = nil
    }
    members[id] = member
  }

  private static func share(_ partitions: [TopicPartition], _ members: [Int: Member]) -> [TopicPartition: Int] {
    let ids = members.keys.sorted()
    guard !ids.isEmpty else { return [:] }
    let most = (partitions.count + ids.count - 1) / ids.count
    // Only so many members may hold the larger share.
    var larger = partitions.count % ids.count == 0 ? ids.count : partitions.count % ids.count
    var target: [TopicPartition: Int] = [:]
    var load: [Int: Int] = [:]
    func mayTake(_ id: Int) -> Bool { load[id, default: 0] < most - 1 || (load[id, default: 0] < most && larger > 0) }
    func take(_ partition: TopicPartition, _ id: Int) {
      target[partition] = id
      load[id, default: 0] += 1
      if load[id] == most { larger -= 1 }
    }
    for partition in partitions.sorted() {
      if let owner = ids.first(where: { members[$0]?.owned.contains(partition) == true }), mayTake(owner) {
        take(partition, owner)
      }
    }
    for partition in partitions.sorted() where target[partition] == nil {
      if let id = ids.filter(mayTake).min(by: { load[$0, default: 0] < load[$1, default: 0] }) { take(partition, id) }
    }
    return target
  }
}
