import OnexCore

/// A validated event: one value for each column of its table, and the metadata as JSON.
struct Row: Sendable, Equatable {
  enum Value: Sendable, Equatable {
    case null
    case uuid(RawUUID)
    case text(String)
    case timestamp(Timestamp)
    case integer(Int32)
  }

  let values: [Value]
  let metadata: Bytes
}
