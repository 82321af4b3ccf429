/// What is done about events that could be stored another way than they came.
struct DecodingPolicy: Sendable {
  /// PostgreSQL stores no NUL character.
  enum NULBytes: String, Sendable, CaseIterable {
    /// The event becomes a dead letter.
    case reject
    /// The characters are left out, and the row says so.
    case strip
  }

  /// Larger records become dead letters unread: one of them would hold up the batch it is in.
  static let recordBytesDefault = 2 << 20

  var nulBytes: NULBytes = .reject
  var recordBytesMax = DecodingPolicy.recordBytesDefault
  var redaction = RedactionScope.everything
}
