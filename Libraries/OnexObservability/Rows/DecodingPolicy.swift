/// How events are treated that could be stored in another form than they came in, and the bounds of one event.
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
  /// Members of all objects of one event together.
  static let membersDefault = 50_000
  /// Processor time of one event. A record of `recordBytesDefault` takes some hundredths of a second.
  static let timeDefault: Duration = .seconds(2)

  var nulBytes: NULBytes = .reject
  var recordBytesMax = DecodingPolicy.recordBytesDefault
  var membersMax = DecodingPolicy.membersDefault
  var timeMax = DecodingPolicy.timeDefault
  var redaction = RedactionScope.everything
  /// How long the rows of a table are kept; events older than that are refused.
  var retention = RetentionPolicy.forever
}
