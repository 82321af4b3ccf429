import OnexCore
import ProcessTestSupport
import Testing

/// One run: load, faults, then quiet, then what is found.
struct ConsumerRun {
  /// Members of the group at once.
  private static let membersMax = 4

  let stack: ConsumerStack
  let load: ReportLoad

  init(_ stack: ConsumerStack, seed: UInt64) {
    self.stack = stack
    load = ReportLoad(stack.client, seed: seed)
  }

  /// Does what the plan says while reports come, and waits until everything is settled.
  func execute(_ plan: ConsumerPlan) async throws {
    try await load.beside(plan.faults, pause: \.pause, rest: .milliseconds(300)) { try await inflict($0.kind) }
    try await stack.untilSettled()
    try await stack.stopMembers()
  }

  /// - Returns: what was found.
  @discardableResult
  func expectSound(_ title: String) async throws -> StorageRecord {
    let record = try await StorageRecord(stack, sent: load.sent)
    let violations = StorageCheck.violations(of: record)
    #expect(violations.isEmpty, "\(title): \(violations.count) violations, the first: \(violations.prefix(10))")
    return record
  }

  private func inflict(_ fault: ConsumerPlan.Kind) async throws {
    switch fault {
    case .kill(let pick, let downtime): try await stack.kill(pick: pick, downtime: downtime)
    case .stopDatabase(let mode, let downtime): try await stack.stopDatabase(mode.rawValue, downtime: downtime)
    case .join: try await stack.join(atMost: ConsumerRun.membersMax)
    case .leave(let pick): try await stack.leave(pick: pick)
    case .loseSessions: try await stack.loseSessions()
    case .freeze(let time, let isReplaced): try await stack.freeze(time: time, isReplaced: isReplaced)
    }
  }
}
