import OnexCore
import OnexKafka

/// What became of a plan.
public struct ApplyReport: Sendable {
  public struct Failure: Sendable, Equatable {
    public let change: TopicChange
    public let error: EventBusError

    public init(_ change: TopicChange, _ error: EventBusError) {
      self.change = change
      self.error = error
    }
  }

  /// Made by this run.
  public let done: [TopicChange]
  /// Refused by the broker and still outstanding; what somebody else made meanwhile is not among them.
  public let failures: [Failure]
  /// What still separates the cluster from what is desired.
  public let rest: TopicPlan
  /// Topics of which something cannot be used yet: a partition has no leader, or a change is not to be seen.
  public let waiting: [String]
  /// Nothing was applied, because the broker makes topics by itself and that was to be refused.
  public let isRefusedByBroker: Bool

  public init(
    done: [TopicChange], failures: [Failure], rest: TopicPlan, waiting: [String], isRefusedByBroker: Bool = false
  ) {
    self.done = done
    self.failures = failures
    self.rest = rest
    self.waiting = waiting
    self.isRefusedByBroker = isRefusedByBroker
  }

  /// The cluster is what is declared, and every topic of it can be used.
  public var matches: Bool { rest.isEmpty && failures.isEmpty && waiting.isEmpty && !isRefusedByBroker }

  /// Nothing but refusals stands between: trying again changes nothing.
  public var isFinal: Bool {
    isRefusedByBroker || (rest.changes.isEmpty && rest.unreadable.isEmpty && waiting.isEmpty)
  }
}
