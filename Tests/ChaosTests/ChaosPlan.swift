import OnexTestSupport

/// What happens when: a seed always gives the same plan. Pure.
struct ChaosPlan: Sendable, Equatable {
  struct Fault: Sendable, Equatable {
    /// How long after the fault before was over, or after the start.
    let pause: Duration
    let kind: Kind
  }

  enum Kind: Sendable, Equatable {
    case kill(Member, downtime: Duration)
    case stopDatabase(DatabaseStop, downtime: Duration)
    case stopBroker(downtime: Duration)
    /// Where it is replaced, another process takes its name while it stands still.
    case freeze(Member, time: Duration, isReplaced: Bool)
    case joinWorker
    /// One of those that are there then.
    case leaveWorker(pick: Int)
  }

  /// A service that keeps its name over restarts.
  enum Member: String, Sendable, CaseIterable {
    case main = "runtime-main"
    case effects = "runtime-effects"
    case worker = "runtime-worker"
  }

  /// What `pg_ctl -m` calls it.
  enum DatabaseStop: String, Sendable, CaseIterable { case immediate, fast }

  /// A member that is not heard of for so long loses its partitions (`session.timeout.ms`), with something to spare.
  static let beyondSession = 7_000...10_000

  let faults: [Fault]

  init(faults: [Fault]) { self.faults = faults }

  init(_ scenario: Scenario, _ length: ChaosLength) {
    var random = SplitMix(seed: length.seed ^ ChaosPlan.salt(scenario))
    var faults: [Fault] = []
    if scenario == .kills {
      for _ in 0..<length.rounds { faults.append(ChaosPlan.fault(scenario, length, &random)) }
    } else {
      var time = Duration.zero
      while time < .seconds(length.seconds) {
        let fault = ChaosPlan.fault(scenario, length, &random)
        time += fault.pause + fault.kind.time
        faults.append(fault)
      }
    }
    self.faults = faults
  }

  /// So that the scenarios of one seed differ.
  private static func salt(_ scenario: Scenario) -> UInt64 {
    scenario.rawValue.utf8.reduce(14_695_981_039_346_656_037) { ($0 ^ UInt64($1)) &* 1_099_511_628_211 }
  }

  private static func fault(_ scenario: Scenario, _ length: ChaosLength, _ random: inout SplitMix) -> Fault {
    func milliseconds(_ range: ClosedRange<Int>) -> Duration { .milliseconds(Int.random(in: range, using: &random)) }
    func pick<Value>(_ values: [Value]) -> Value { values[Int.random(in: values.indices, using: &random)] }
    switch scenario {
    case .kills:
      return Fault(
        pause: milliseconds(200...2000), kind: .kill(pick(ChaosPlan.Member.allCases), downtime: milliseconds(0...700)))
    case .databaseRestarts:
      // Every 5 to 40 s; a short run has at least one.
      let pause = milliseconds(5_000...max(6_000, min(40_000, length.seconds * 250)))
      return Fault(pause: pause, kind: .stopDatabase(pick(DatabaseStop.allCases), downtime: milliseconds(200...4000)))
    case .brokerRestarts:
      let pause = milliseconds(3_000...max(4_000, min(30_000, length.seconds * 250)))
      return Fault(pause: pause, kind: .stopBroker(downtime: milliseconds(500...6000)))
    case .zombies:
      let kind = Kind.freeze(pick([.main, .effects]), time: milliseconds(beyondSession), isReplaced: pick([true, false]))
      return Fault(pause: milliseconds(1000...4000), kind: kind)
    case .workerStorm:
      let kind = pick([Kind.joinWorker, .leaveWorker(pick: Int.random(in: 0..<1000, using: &random))])
      return Fault(pause: milliseconds(100...1500), kind: kind)
    }
  }
}

extension ChaosPlan.Kind {
  /// How long the fault lasts by itself.
  var time: Duration {
    switch self {
    case .kill(_, let time), .stopDatabase(_, let time), .stopBroker(let time), .freeze(_, let time, _): time
    case .joinWorker, .leaveWorker: .zero
    }
  }
}
