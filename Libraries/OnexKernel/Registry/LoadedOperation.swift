import OnexCore
import Synchronization

/// One operation of a loaded handler with what governs its runs in this process.
public final class LoadedOperation: Sendable {
  let contract: HandlerContract
  let settings: OperationSettings
  /// As metrics and logs call it: a contract's own word, since requesters choose the names behind a prefix.
  let label: String
  /// Read for every record; the settings as a whole would be copied for each.
  let inputSchema: JSONSchema?
  let timeout: Duration
  let handler: any Handler
  /// The handler, when it may run inside the lane's batch.
  let quick: (any ComputeHandler)?
  let gate: ConcurrencyGate
  private let breakerBox: BreakerBox?

  init(contract: HandlerContract, label: String, settings: OperationSettings, handler: any Handler) {
    self.label = label
    self.contract = contract
    self.settings = settings
    inputSchema = settings.inputSchema
    timeout = settings.timeout
    self.handler = handler
    if let compute = handler as? any ComputeHandler, type(of: compute).isQuick { quick = compute } else { quick = nil }
    gate = ConcurrencyGate(settings.maxConcurrency)
    breakerBox = settings.circuitBreaker.map { BreakerBox($0) }
  }

  /// Changes the circuit breakers, if the contract asks for them.
  func breakers<R>(_ body: (inout CircuitBreakers) -> R) -> R? {
    breakerBox?.state.withLock { body(&$0) }
  }
}

/// A mutex cannot be optional: it has no place to move to.
private final class BreakerBox: Sendable {
  let state: Mutex<CircuitBreakers>

  init(_ policy: CircuitBreakerPolicy) { state = Mutex(CircuitBreakers(policy)) }
}
