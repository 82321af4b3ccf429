import OnexPostgres

/// A column that is filled from the event's field of the same name.
struct Column: Sendable, Hashable {
  /// What the column holds, and therefore what the field may be.
  enum Kind: Sendable, Hashable {
    case uuid
    case text
    /// Text of at most so many characters.
    case varchar(Int)
    case timestamp
    /// 32 bits.
    case integer

    var type: PostgresType {
      switch self {
      case .uuid: .uuid
      case .text, .varchar: .text
      case .timestamp: .timestamptz
      case .integer: .integer
      }
    }

    /// As it stands in a cast.
    var sqlName: String {
      switch self {
      case .uuid: "uuid"
      case .text, .varchar: "text"
      case .timestamp: "timestamptz"
      case .integer: "integer"
      }
    }
  }

  let name: String
  let kind: Kind
  let isRequired: Bool

  static func required(_ name: String, _ kind: Kind) -> Column { Column(name: name, kind: kind, isRequired: true) }
  static func optional(_ name: String, _ kind: Kind) -> Column { Column(name: name, kind: kind, isRequired: false) }
}
