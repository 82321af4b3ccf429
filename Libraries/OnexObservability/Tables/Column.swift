import OnexPostgres

/// A column and where its value comes from: mostly the event's field of the same name.
struct Column: Sendable, Hashable {
  /// What the column holds, and therefore what the field may be.
  enum Kind: Sendable, Hashable {
    case uuid
    case text
    /// Text of at most so many characters.
    case varchar(Int)
    /// Text that is one of these.
    case choice([String])
    case timestamp
    /// 32 bits.
    case integer
    /// `numeric(precision, scale)` in a range.
    case numeric(precision: Int, scale: Int, Bounds)
    case json(Shape)
  }

  /// What a number may be; both ends belong to it.
  struct Bounds: Sendable, Hashable {
    let lower: Double
    let upper: Double
    /// As a message says it.
    let text: String

    static let fraction = Bounds(lower: 0, upper: 1, text: "0 to 1")

    /// Everything that `numeric(precision, scale)` holds without an overflow after rounding.
    static func digits(_ whole: Int, scale: Int) -> Bounds {
      var power = 1.0
      for _ in 0..<whole { power *= 10 }
      var step = 0.5
      for _ in 0..<scale { step /= 10 }
      let limit = (power - step).nextDown
      return Bounds(lower: -limit, upper: limit, text: "numbers of at most \(whole) digits before the point")
    }
  }

  /// What a JSON column may be.
  enum Shape: Sendable, Hashable {
    case arrayOfStrings, objectOfStrings, anything
  }

  /// Where the value comes from.
  enum Source: Sendable, Hashable {
    case required
    case optional
    /// The number when the event has none.
    case defaulting(Int32)
    /// The record's place when the event has none: the same after a redelivery.
    case derivedID
    /// Not from the event: when the consumer took it.
    case received
  }

  let name: String
  let kind: Kind
  let source: Source

  var isRequired: Bool { source == .required }

  /// Short columns that hold more than a name: `action_name` has command lines.
  private static let shortTexts: Set<String> = ["action_name", "current_phase"]

  /// Whether secrets and personal data are looked for.
  var isFreeText: Bool { kind.isFreeText || Column.shortTexts.contains(name) }

  static func required(_ name: String, _ kind: Kind) -> Column { Column(name: name, kind: kind, source: .required) }
  static func optional(_ name: String, _ kind: Kind) -> Column { Column(name: name, kind: kind, source: .optional) }
}

extension Column.Kind {
  /// How the value travels. A number travels as text: PostgreSQL reads it without loss.
  var type: PostgresType {
    switch self {
    case .uuid: .uuid
    case .text, .varchar, .choice, .numeric: .text
    case .timestamp: .timestamptz
    case .integer: .integer
    case .json: .jsonb
    }
  }

  /// The travelling type as it stands in a cast.
  var sqlName: String {
    switch self {
    case .uuid: "uuid"
    case .text, .varchar, .choice, .numeric: "text"
    case .timestamp: "timestamptz"
    case .integer: "integer"
    case .json: "jsonb"
    }
  }

  /// The column's own type where what travels must be converted.
  var conversion: String? {
    if case .numeric(let precision, let scale, _) = self { "numeric(\(precision), \(scale))" } else { nil }
  }

  /// Written by a person or a model, at any length.
  var isFreeText: Bool {
    switch self {
    case .text, .json: true
    case .uuid, .varchar, .choice, .timestamp, .integer, .numeric: false
    }
  }
}
