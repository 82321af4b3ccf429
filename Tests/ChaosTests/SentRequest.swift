import OnexCore

/// A request as the client knows it.
struct SentRequest: Sendable, Hashable {
  enum Kind: String, Sendable, CaseIterable {
    case echo
    case write
    /// A workflow of three steps.
    case order
    /// Its deadline is far away.
    case patient
    /// Its deadline may well be over first.
    case hasty
  }

  /// Envelope id and correlation id.
  let id: String
  let kind: Kind
  /// Of the record; the answers of one key and kind come in the order of the requests.
  let key: String
  /// Among all that were sent.
  let sequence: Int

  /// Requests of these kinds go one way each, so that their order is kept.
  var isOrdered: Bool { kind == .echo || kind == .write }

  /// - Parameters:
  ///   - folder: where files may be written.
  ///   - now: what deadlines count from.
  func text(folder: String, now: Timestamp) -> Bytes {
    let (operation, payload): (String, String) =
      switch kind {
      case .echo, .patient, .hasty: ("compute.echo", #"{"key":"\#(key)","sequence":\#(sequence)}"#)
      case .write: ("filesystem.write", #"{"path":"\#(folder)/\#(key).txt","content":"\#(sequence)"}"#)
      case .order: ("order.place", #"{"item":"\#(sequence)","path":"\#(folder)/\#(key).txt"}"#)
      }
    let deadline: Duration? =
      switch kind {
      case .patient: .seconds(3600)
      case .hasty: .milliseconds(30)
      case .echo, .write, .order: nil
      }
    let due = deadline.map { #","deadline":"\#((now + $0).rfc3339)""# } ?? ""
    return Bytes(#"{"operation":"\#(operation)","payload":\#(payload),"correlation_id":"\#(id)","envelope_id":"\#(id)"\#(due)}"#)
  }
}
