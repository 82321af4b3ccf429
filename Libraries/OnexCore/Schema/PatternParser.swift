/// The tree of a pattern.
indirect enum PatternTree {
  case set(ScalarSet)
  case start
  case end
  case sequence([PatternTree])
  case alternatives([PatternTree])
  case repeated(PatternTree, min: Int, max: Int?)
}

/// Reads a pattern into its tree by recursive descent; groups nest at most `groupsMax` deep.
struct PatternParser {
  private static let groupsMax = 32
  private static let repetitionsMax = 1000
  private static let syntax: Set<Unicode.Scalar> = ["^", "$", "\\", ".", "*", "+", "?", "(", ")", "[", "]", "{", "}", "|", "/"]

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
    case .start, .end: throw invalid("an anchor cannot be repeated")
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
    case "^": return .start
    case "$": return .end
    case ".": return .set(.notLineEnd)
    case "(": return try group()
    case "[": return .set(try characterClass())
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
    if take("?"), !take(":") { throw invalid("of the groups that begin with (? only (?:…) is supported") }
    let tree = try alternatives()
    guard take(")") else { throw invalid("a group is not closed") }
    return tree
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
    return isInverted ? set.inverted : set
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
    case "x": return ScalarSet(try hex(digits: 2))
    case "u": return ScalarSet(try hex(digits: 4))
    case "-" where inClass: return ScalarSet("-")
    case _ where PatternParser.syntax.contains(next): return ScalarSet(next)
    default: throw invalid("the escape \"\\\(next)\" is not supported")
    }
  }

  private mutating func hex(digits: Int) throws(LinearPattern.Invalid) -> Unicode.Scalar {
    let end = position + digits
    guard end <= scalars.count else { throw invalid("an escape needs \(digits) hex digits") }
    var text = String.UnicodeScalarView()
    text.append(contentsOf: scalars[position..<end])
    guard text.first != "+", text.first != "-", let value = UInt32(String(text), radix: 16), let scalar = Unicode.Scalar(value)
    else { throw invalid("an escape needs \(digits) hex digits that name a character") }
    position = end
    return scalar
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

extension ScalarSet {
  /// The only member, when there is only one.
  fileprivate var single: UInt32? {
    ranges.count == 1 && ranges[0].count == 1 ? ranges[0].lowerBound : nil
  }
}
