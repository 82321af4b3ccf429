import OnexCore
import Synchronization

/// A process's connection to the bus that all processes share. A process that dies leaves its group when its session is over; one that is
/// stopped for longer loses its partitions and learns of it when it goes on.
public struct SimulatedBus: EventBus {
  private let base: any EventBus
  private let process: SimulatedProcess
  private let members = SimulatedMembers()

  public init(_ base: any EventBus, _ process: SimulatedProcess) {
    self.base = base
    self.process = process
  }

  public func consumer(_ subscription: Subscription) throws(EventBusError) -> any EventConsumer {
    let consumer = SimulatedConsumer(try base.consumer(subscription), base, subscription, process)
    members.add(consumer)
    return consumer
  }

  public func producer() throws(EventBusError) -> any EventProducer {
    let producer = SimulatedProducer(try base.producer(), process)
    members.add(producer)
    return producer
  }

  /// Delivers the broker's acknowledgements, each after a while, until the task is cancelled.
  public func acknowledge() async {
    await withDiscardingTaskGroup { group in
      for producer in members.producers { group.addTask { await producer.acknowledge() } }
    }
  }

  public func reader(topics: [String], from start: ReaderStart) async throws(EventBusError) -> any EventReader {
    try await base.reader(topics: topics, from: start)
  }

  /// The broker has not heard of the process for too long.
  public func expireSessions() async { for member in members.all { await member.expire() } }
}

private final class SimulatedMembers: Sendable {
  private let state = Mutex<(consumers: [SimulatedConsumer], producers: [SimulatedProducer])>(([], []))
  var all: [SimulatedConsumer] { state.withLock { $0.consumers } }
  var producers: [SimulatedProducer] { state.withLock { $0.producers } }
  func add(_ consumer: SimulatedConsumer) { state.withLock { $0.consumers.append(consumer) } }
  func add(_ producer: SimulatedProducer) { state.withLock { $0.producers.append(producer) } }
}
