import OnexCore

/// Says what a record becomes. Pure but for its parser's buffers: used by one task, it decides and does nothing.
public protocol Decider: AnyObject {
  /// Writes the outputs of `record` to `batch`, or says that a handler must run first.
  ///
  /// - Parameters:
  ///   - owner: the record's position in the batch.
  ///   - isBusy: whether a handler still works on earlier records of the key, which this one must then wait for.
  func decide(
    _ record: ConsumedRecord, owner: Int, into batch: inout OutputBatch, isBusy: (Bytes) -> Bool
  ) -> Decision
}

public enum Decision: Sendable {
  /// The outputs are written. `identity` is what a repeat is recognised by; `nil` for a record that has none.
  case decided(identity: RequestIdentity?)
  /// A handler must run, after earlier work of the same key.
  ///
  /// Indirect: most records are decided at once, and moving the large case about would cost each of them.
  indirect case run(HandlerWork)
  /// The outputs are written, and the request has a deadline that is kept durably.
  indirect case claimed(identity: RequestIdentity, DeadlineClaim)
  /// The outputs are written, unless the key stands for another request: then that is the answer. `identity` is the request's own, by
  /// which only its redelivery is recognised.
  indirect case keyed(identity: RequestIdentity, key: RequestIdentity, DeadlineClaim?)
  /// A stream must be asked.
  indirect case react(StreamWork)
}

/// A handler's run that waits for its turn.
public struct HandlerWork: Sendable {
  public let record: ConsumedRecord
  public let envelope: Envelope
  let operation: LoadedOperation
  let bulkhead: Bulkhead

  init(record: ConsumedRecord, envelope: Envelope, operation: LoadedOperation) {
    self.record = record
    self.envelope = envelope
    self.operation = operation
    bulkhead = Bulkhead(handler: operation.contract.name, target: operation.handler.target(of: envelope.payload))
  }

  var key: Bytes { record.orderingKey(envelope) }
}

extension ConsumedRecord {
  /// Requests with the same key are answered one after the other.
  func orderingKey(_ envelope: Envelope) -> Bytes { key ?? Bytes(envelope.correlationID.description) }
}
