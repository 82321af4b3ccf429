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

  /// The same with bytes of its own. What a consumer hands out lies in the client's fetch buffers, and a single record keeps a whole
  /// buffer alive; a handler may run for long.
  func detached() -> HandlerWork {
    let parts = [record.value ?? .empty, record.key ?? .empty] + record.headers.map { $0.value ?? .empty }
    let storage = Bytes(joining: parts)
    var place = 0
    func next(_ bytes: Bytes?) -> Bytes? {
      guard let bytes else { return nil }
      defer { place += bytes.count }
      return storage.slice(from: place, count: bytes.count)
    }
    let (value, key) = (next(record.value), next(record.key))
    let copy = ConsumedRecord(
      source: record.source, offset: record.offset, key: key, value: value,
      headers: record.headers.map { RecordHeader($0.name, next($0.value)) }, timestamp: record.timestamp)
    // The envelope's raw parts lie in the record's value.
    func moved(_ bytes: Bytes) -> Bytes {
      guard let old = record.value, let offset = bytes.offset(in: old) else { return bytes }
      return storage.slice(from: offset, count: bytes.count)
    }
    var envelope = envelope
    envelope.payload = moved(envelope.payload)
    envelope.metadata = envelope.metadata.map(moved)
    envelope.extensions = envelope.extensions.map { RawField(name: moved($0.name), value: moved($0.value)) }
    return HandlerWork(record: copy, envelope: envelope, operation: operation)
  }
}

extension ConsumedRecord {
  /// Requests with the same key are answered one after the other.
  func orderingKey(_ envelope: Envelope) -> Bytes { key ?? Bytes(envelope.correlationID.description) }
}
