import OnexCore
import OnexKafka

/// What separates a cluster's access control entries from those that are needed. Pure.
struct ACLPlan: Sendable, Equatable {
  /// Needed and not there, sorted.
  let missing: [KafkaACL]
  /// There, of one of our principals, and not needed by it; deleted only where that is asked for. Sorted.
  let surplus: [KafkaACL]
  /// Entries that take a needed right away; never deleted here. Sorted.
  let denials: [KafkaACL]
  /// Entries of other principals, or of a form that is never made here. Never touched.
  let foreignCount: Int

  var isEmpty: Bool { missing.isEmpty && surplus.isEmpty && denials.isEmpty }

  /// - Parameter principals: whose entries are ours to judge.
  init(needed: Set<KafkaACL>, principals: Set<String>, found: [KafkaACL]) {
    let found = Set(found)
    missing = needed.subtracting(found).sorted()
    let others = found.subtracting(needed)
    surplus = others.filter { principals.contains($0.principal) && ACLPlan.isOfOurForm($0) }.sorted()
    denials = others.filter { entry in
      entry.permission == .deny && needed.contains { ACLPlan.takes(entry, $0) }
    }.sorted()
    foreignCount = others.count - surplus.count - denials.count
  }

  /// The form of the entries that are made here. A prefix, a wildcard, a denial or a host was somebody's decision.
  private static func isOfOurForm(_ entry: KafkaACL) -> Bool {
    entry.isComplete && entry.permission == .allow && entry.pattern == .literal && entry.host == "*" && entry.name != "*"
  }

  /// A denial wins over every permission (KIP-11).
  private static func takes(_ denial: KafkaACL, _ right: KafkaACL) -> Bool {
    guard denial.principal == right.principal || denial.principal == "User:*", denial.resource == right.resource else {
      return false
    }
    guard denial.operation == .all || denial.operation == right.operation else { return false }
    return denial.name == "*" || denial.name == right.name || (denial.pattern == .prefixed && right.name.hasPrefix(denial.name))
  }
}

/// A cluster whose access control entries can be looked at and changed.
protocol ACLCluster: Sendable {
  func acls() async throws(EventBusError) -> [KafkaACL]
  func create(_ acls: [KafkaACL]) async -> [EventBusError?]
  func delete(_ acls: [KafkaACL]) async -> [EventBusError?]
}

extension KafkaAdmin: ACLCluster {}

/// Makes what is missing, and deletes what is not needed where that is asked for. May be repeated, and may run twice at once.
struct ACLApply: Sendable {
  struct Report: Sendable {
    var made: [KafkaACL] = []
    var deleted: [KafkaACL] = []
    var failures: [(entry: KafkaACL, error: EventBusError)] = []
    /// What is left.
    let rest: ACLPlan
  }

  let cluster: any ACLCluster

  func run(
    _ needed: Set<KafkaACL>, principals: Set<String>, prunes: Bool
  ) async throws(EventBusError) -> Report {
    let plan = ACLPlan(needed: needed, principals: principals, found: try await cluster.acls())
    // Rights are given before others are taken: a service that runs never lacks one that it keeps.
    let created = zip(plan.missing, await cluster.create(plan.missing))
    let doomed = prunes && created.allSatisfy({ $0.1 == nil }) ? plan.surplus : []
    let deleted = zip(doomed, await cluster.delete(doomed))
    let isUntouched = plan.missing.isEmpty && doomed.isEmpty
    let rest = isUntouched ? plan : ACLPlan(needed: needed, principals: principals, found: try await cluster.acls())
    var report = Report(rest: rest)
    for (entry, error) in created { if let error { report.failures.append((entry, error)) } else { report.made.append(entry) } }
    for (entry, error) in deleted {
      if let error { report.failures.append((entry, error)) } else { report.deleted.append(entry) }
    }
    return report
  }
}
