import OnexCore

/// A validated event: one value for each column of its table, and the metadata as JSON.
struct Row: Sendable, Equatable {
  enum Value: Sendable, Hashable {
    case null
    case uuid(RawUUID)
    case text(String)
    case timestamp(Timestamp)
    case integer(Int32)
    /// As PostgreSQL reads it.
    case numeric(String)
    case json(Bytes)
  }

  let values: [Value]
  let metadata: Bytes
}
