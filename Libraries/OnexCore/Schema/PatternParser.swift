/// The tree of a pattern.
indirect enum PatternTree {
  /// A condition on a place of the text.
  enum Assertion: Sendable {
    case start
    case end
    case wordBoundary(isNegated: Bool)
    /// By its number in the pattern.
    case lookAround(Int, isNegated: Bool)
  }

  case set(ScalarSet)
  case assertion(Assertion)
  /// `(?=…)`, `(?!…)`, `(?<=…)` or `(?<!…)`.
  case look(PatternTree, isAhead: Bool, isNegated: Bool)
  case sequence([PatternTree])
  case alternatives([PatternTree])
  case repeated(PatternTree, min: Int, max: Int?)
}

/// Reads a pattern into its tree by recursive descent; groups nest at most `groupsMax` deep.
struct PatternParser {
  private static let groupsMax = 32
  private static let repetitionsMax = 1000
  private static let propertyLengthMax = 64

  private let scalars: [Unicode.Scalar]
  private var position = 0
  private var groups = 0

  init(_ source: String) { scalars = Array(source.unicodeScalars) }

  mutating func parse() throws(LinearPattern.Invalid) -> PatternTree {
    let tree = try alternatives()
    guard position == scalars.count else { throw invalid("\")\" closes no group") }
    return tree
  }

  private mutating func alternatives() throws(LinearPattern.Invalid) -> PatternTree {
    var branches = [try sequence()]
    while take("|") { branches.append(try sequence()) }
    return branches.count == 1 ? branches[0] : .alternatives(branches)
  }

  private mutating func sequence() throws(LinearPattern.Invalid) -> PatternTree {
    var parts: [PatternTree] = []
    while let next = peek, next != "|", next != ")" { parts.append(try repetition()) }
    return .sequence(parts)
  }

  private mutating func repetition() throws(LinearPattern.Invalid) -> PatternTree {
    let atom = try atom()
    guard let bounds = try bounds() else { return atom }
    switch atom {
    case .assertion, .look: throw invalid("a condition such as ^, $, \\b or (?=…) cannot be repeated")
    default: break
    }
    _ = take("?")  // Lazy or greedy: whether there is a match does not depend on it.
    if let next = peek, "*+?{".unicodeScalars.contains(next) { throw invalid("a repetition cannot be repeated") }
    return .repeated(atom, min: bounds.min, max: bounds.max)
  }

  private mutating func bounds() throws(LinearPattern.Invalid) -> (min: Int, max: Int?)? {
    if take("*") { return (0, nil) }
    if take("+") { return (1, nil) }
    if take("?") { return (0, 1) }
    guard take("{") else { return nil }
    guard let min = number() else { throw invalid("a number of at most \(PatternParser.repetitionsMax) belongs after \"{\"") }
    var max: Int? = min
    if take(",") { max = peek == "}" ? nil : number() ?? -1 }
    guard take("}"), max ?? min >= min else { throw invalid("a repetition is written {n}, {n,} or {n,m} with n <= m") }
    return (min, max)
  }

  private mutating func number() -> Int? {
    var value: Int?
    while let next = peek, ("0"..."9").contains(next) {
      position += 1
      value = (value ?? 0) * 10 + Int(next.value - 48)
      if value ?? 0 > PatternParser.repetitionsMax { return nil }
    }
    return value
  }

  private mutating func atom() throws(LinearPattern.Invalid) -> PatternTree {
    guard let next = peek else { throw invalid("something is missing at the end") }
    position += 1
    switch next {
    case "^": return .assertion(.start)
    case "$": return .assertion(.end)
    case ".": return .set(.notLineEnd)
    case "(": return try group()
    case "[": return .set(try characterClass())
    case "\\" where peek == "b" || peek == "B":
      position += 1
      return .assertion(.wordBoundary(isNegated: scalars[position - 1] == "B"))
    case "\\": return .set(try escape(inClass: false))
    case "*", "+", "?", "{": throw invalid("there is nothing to repeat before \"\(next)\"")
    case "]", "}": throw invalid("\"\(next)\" must be written \"\\\(next)\"")
    default: return .set(ScalarSet(next))
    }
  }

  private mutating func group() throws(LinearPattern.Invalid) -> PatternTree {
    groups += 1
    defer { groups -= 1 }
    guard groups <= PatternParser.groupsMax else { throw invalid("groups nest deeper than \(PatternParser.groupsMax)") }
    guard take("?") else { return try groupEnd(alternatives()) }
    if take(":") { return try groupEnd(alternatives()) }
    if take("=") { return try .look(groupEnd(alternatives()), isAhead: true, isNegated: false) }
    if take("!") { return try .look(groupEnd(alternatives()), isAhead: true, isNegated: true) }
    if take("<") {
      if take("=") { return try .look(groupEnd(alternatives()), isAhead: false, isNegated: false) }
      if take("!") { return try .look(groupEnd(alternatives()), isAhead: false, isNegated: true) }
      try skipName()
      return try groupEnd(alternatives())
    }
    throw invalid("a group begins with (, (?:, (?=, (?!, (?<=, (?<! or (?<name>")
  }

  private mutating func groupEnd(_ tree: PatternTree) throws(LinearPattern.Invalid) -> PatternTree {
    guard take(")") else { throw invalid("a group is not closed") }
    return tree
  }

  /// The name of a group, which only back references ask for.
  private mutating func skipName() throws(LinearPattern.Invalid) {
    let start = position
    while let next = peek, next == "_" || next == "$" || next.properties.isIDContinue { position += 1 }
    guard position > start, !("0"..."9").contains(scalars[start]), take(">") else {
      throw invalid("the name of a group is written (?<name>…)")
    }
  }

  private mutating func characterClass() throws(LinearPattern.Invalid) -> ScalarSet {
    let isInverted = take("^")
    var set = ScalarSet()
    while !take("]") {
      let first = try classAtom()
      guard peek == "-", position + 1 < scalars.count, scalars[position + 1] != "]" else {
        set.formUnion(first)
        continue
      }
      position += 1
      let last = try classAtom()
      guard let from = first.single, let to = last.single, from <= to else {
        throw invalid("a range goes from one character to a later one")
      }
      set.formUnion(ScalarSet([from...to]))
    }
    set.normalize()
    return isInverted ? set.complement : set
  }

  private mutating func classAtom() throws(LinearPattern.Invalid) -> ScalarSet {
    guard let next = peek else { throw invalid("a class is not closed") }
    position += 1
    return next == "\\" ? try escape(inClass: true) : ScalarSet(next)
  }

  private mutating func escape(inClass: Bool) throws(LinearPattern.Invalid) -> ScalarSet {
    guard let next = peek else { throw invalid("a backslash stands at the end") }
    position += 1
    switch next {
    case "d": return .digit
    case "D": return ScalarSet.digit.inverted
    case "w": return .word
    case "W": return ScalarSet.word.inverted
    case "s": return .space
    case "S": return ScalarSet.space.inverted
    case "t": return ScalarSet("\t")
    case "n": return ScalarSet("\n")
    case "r": return ScalarSet("\r")
    case "f": return ScalarSet("\u{0C}")
    case "v": return ScalarSet("\u{0B}")
    case "b" where inClass: return ScalarSet("\u{08}")
    case "0" where !(peek.map { ("0"..."9").contains($0) } ?? false): return ScalarSet("\0")
    case "c":
      guard let letter = peek, letter.isASCII, ScalarSet.letter.contains(letter) else { throw invalid("\\c needs a letter") }
      position += 1
      return ScalarSet(try scalar(letter.value & 31))
    case "x": return ScalarSet(try scalar(try hex(digits: 2)))
    case "u": return ScalarSet(try unicodeEscape())
    case "p", "P": return try property(isNegated: next == "P")
    case "1"..."9", "k": throw invalid("back references are not supported, since they cannot be matched in linear time")
    // Beyond the grammar's own characters also others that are often escaped without need.
    case _ where next.isASCII && !ScalarSet.word.contains(next) && next.value > 32 && next.value < 127: return ScalarSet(next)
    default: throw invalid("the escape \"\\\(next)\" is not supported")
    }
  }

  private mutating func property(isNegated: Bool) throws(LinearPattern.Invalid) -> ScalarSet {
    var name = String.UnicodeScalarView()
    guard take("{") else { throw invalid("a Unicode property is written \\p{Letter}") }
    while let next = peek, next != "}", name.count < PatternParser.propertyLengthMax {
      name.append(next)
      position += 1
    }
    guard take("}") else { throw invalid("a Unicode property is written \\p{Letter}") }
    guard let set = ScalarSet.property(String(name), isNegated: isNegated) else {
      throw invalid(
        "the Unicode property \"\(String(name))\" is not supported; general categories such as L, Letter or Lu are, and "
          + ScalarSet.Property.allCases.map(\.rawValue).joined(separator: ", "))
    }
    return set
  }

  /// `\u00e9`, `\u{1F600}`, or a surrogate pair `\uD83D\uDE00`.
  private mutating func unicodeEscape() throws(LinearPattern.Invalid) -> Unicode.Scalar {
    if take("{") {
      var value: UInt32 = 0
      let start = position
      while let next = peek, let digit = PatternParser.hexValue(next), value <= 0x10FFFF {
        value = value << 4 | digit
        position += 1
      }
      guard position > start, take("}") else { throw invalid("a character is written \\u{1F600} by its hex digits") }
      return try scalar(value)
    }
    let first = try hex(digits: 4)
    guard (0xD800...0xDBFF).contains(first), peek == "\\", position + 1 < scalars.count, scalars[position + 1] == "u" else {
      return try scalar(first)
    }
    position += 2
    let second = try hex(digits: 4)
    guard (0xDC00...0xDFFF).contains(second) else { throw invalid("an escape names half of a surrogate pair") }
    return try scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
  }

  private func scalar(_ value: UInt32) throws(LinearPattern.Invalid) -> Unicode.Scalar {
    guard let scalar = Unicode.Scalar(value) else { throw invalid("an escape names no character") }
    return scalar
  }

  private mutating func hex(digits: Int) throws(LinearPattern.Invalid) -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<digits {
      guard let next = peek, let digit = PatternParser.hexValue(next) else {
        throw invalid("an escape needs \(digits) hex digits")
      }
      value = value << 4 | digit
      position += 1
    }
    return value
  }

  private static func hexValue(_ scalar: Unicode.Scalar) -> UInt32? {
    scalar.isASCII ? URIReference.hexValue(UInt8(scalar.value)).map { UInt32($0) } : nil
  }

  private var peek: Unicode.Scalar? { position < scalars.count ? scalars[position] : nil }

  private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
    guard peek == scalar else { return false }
    position += 1
    return true
  }

  private func invalid(_ message: String) -> LinearPattern.Invalid {
    LinearPattern.Invalid(description: "is not a supported pattern: \(message) (before character \(position + 1))")
  }
}
