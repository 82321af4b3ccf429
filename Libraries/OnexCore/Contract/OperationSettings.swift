/// How one operation is run: the contract's settings with the operation's own put over them.
public struct OperationSettings: Sendable {
  public static let defaultTimeout = Duration.seconds(30)
  public static let defaultConcurrencyMax = 16

  /// Checked before the handler runs; `nil` accepts every object.
  public let inputSchema: JSONSchema?
  /// Checked after the handler has run.
  public let outputSchema: JSONSchema?
  /// For one attempt.
  public let timeout: Duration
  /// A contract that says nothing makes one attempt: only its author knows whether a second does harm.
  public let retry: RetryPolicy
  /// `nil` when the contract asks for none.
  public let circuitBreaker: CircuitBreakerPolicy?
  /// Attempts that may run at once in one process.
  public let maxConcurrency: Int
  public let delivery: DeliveryMode

  public init(
    inputSchema: JSONSchema? = nil, outputSchema: JSONSchema? = nil, timeout: Duration = defaultTimeout,
    retry: RetryPolicy = .never, circuitBreaker: CircuitBreakerPolicy? = nil, maxConcurrency: Int = defaultConcurrencyMax,
    delivery: DeliveryMode = .atLeastOnce
  ) {
    self.inputSchema = inputSchema
    self.outputSchema = outputSchema
    self.timeout = timeout
    self.retry = retry
    self.circuitBreaker = circuitBreaker
    self.maxConcurrency = maxConcurrency
    self.delivery = delivery
  }
}
