import OnexTestSupport

/// What happens to `agent-actions-consumer` and when: a seed always gives the same plan. Pure.
struct ConsumerPlan: Sendable, Equatable {
  enum Scenario: UInt64, Sendable, CaseIterable {
    /// The consumer is killed and comes back.
    case kills
    /// The database stops, as a crash or as an operator would have it, and comes back.
    case databaseRestarts
    /// Members of the group come and go, lose their session, and stand still; another one may have a member's partitions when it
    /// wakes up.
    case rebalances
  }

  struct Fault: Sendable, Equatable {
    /// How long after the fault before was over, or after the start.
    let pause: Duration
    let kind: Kind
  }

  enum Kind: Sendable, Equatable {
    /// One of those that are there then.
    case kill(pick: Int, downtime: Duration)
    case stopDatabase(ChaosPlan.DatabaseStop, downtime: Duration)
    case join
    case leave(pick: Int)
    case loseSessions
    case freeze(time: Duration, isReplaced: Bool)
  }

  let faults: [Fault]

  init(_ scenario: Scenario, _ length: ChaosLength) {
    // So that the scenarios of one seed differ.
    var random = SplitMix(seed: length.seed &* 31 &+ scenario.rawValue)
    var faults: [Fault] = []
    if scenario == .kills {
      for _ in 0..<length.rounds { faults.append(ConsumerPlan.fault(scenario, &random)) }
    } else {
      // Where one member is alone nobody can leave.
      if scenario == .rebalances { faults = [Fault(pause: .milliseconds(100), kind: .join), Fault(pause: .zero, kind: .join)] }
      var time = Duration.zero
      while time < .seconds(length.seconds) {
        let fault = ConsumerPlan.fault(scenario, &random)
        time += fault.pause + fault.kind.time
        faults.append(fault)
      }
    }
    self.faults = faults
  }

  private static func fault(_ scenario: Scenario, _ random: inout SplitMix) -> Fault {
    func milliseconds(_ range: ClosedRange<Int>) -> Duration { .milliseconds(Int.random(in: range, using: &random)) }
    switch scenario {
    case .kills:
      // Before it has joined, while it works off what has gathered, and while it keeps up.
      let pause = milliseconds(100...2500)
      return Fault(pause: pause, kind: .kill(pick: random.next(below: 1000), downtime: milliseconds(0...500)))
    case .databaseRestarts:
      let mode = ChaosPlan.DatabaseStop.allCases[random.next(below: 2)]
      return Fault(pause: milliseconds(300...3000), kind: .stopDatabase(mode, downtime: milliseconds(0...2000)))
    case .rebalances:
      let pause = milliseconds(100...1200)
      switch random.next(below: 10) {
      case 0: return Fault(pause: pause, kind: .loseSessions)
      case 1: return Fault(pause: pause, kind: .freeze(time: milliseconds(100...2000), isReplaced: false))
      case 2: return Fault(pause: pause, kind: .freeze(time: milliseconds(800...2000), isReplaced: true))
      case 3...6: return Fault(pause: pause, kind: .join)
      default: return Fault(pause: pause, kind: .leave(pick: random.next(below: 1000)))
      }
    }
  }
}

extension ConsumerPlan.Kind {
  /// How long the fault lasts by itself.
  var time: Duration {
    switch self {
    case .kill(_, let time), .stopDatabase(_, let time), .freeze(let time, _): time
    case .join, .leave, .loseSessions: .zero
    }
  }
}
