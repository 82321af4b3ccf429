/// A regular expression that is matched in time proportional to the text: a payload cannot make it backtrack.
///
/// The subset of ECMA-262 (`u` mode) without look-around, back references and word boundaries: literals, `.`, classes, `\d \D \w
/// \W \s \S`, groups, `|`, `*`, `+`, `?`, `{n}`, `{n,}`, `{n,m}`, `^` and `$`. It matches anywhere unless anchored.
public struct LinearPattern: Sendable {
  public struct Invalid: Error, Sendable, CustomStringConvertible {
    public let description: String
  }

  /// Instructions of one pattern after its counted repetitions are written out.
  public static let sizeMax = 1000

  enum Instruction: Sendable {
    case scalar(ScalarSet)
    /// Goes on at both places.
    case fork(Int, Int)
    case jump(Int)
    case start
    case end
    case accept
  }

  public let source: String
  let program: [Instruction]

  public init(_ source: String) throws(Invalid) {
    var parser = PatternParser(source)
    let tree = try parser.parse()
    var emitter = PatternEmitter()
    try emitter.emit(tree)
    self.source = source
    program = emitter.program + [.accept]
  }

  /// Instructions, to which the cost of a match is proportional.
  public var size: Int { program.count }

  public func matches(_ text: String) -> Bool {
    var states = StateSet(count: program.count)
    var next = StateSet(count: program.count)
    let scalars = text.unicodeScalars
    var position = scalars.startIndex
    while true {
      let isAtEnd = position == scalars.endIndex
      if add(0, to: &states, isAtStart: position == scalars.startIndex, isAtEnd: isAtEnd) { return true }
      guard !isAtEnd else { return false }
      let scalar = scalars[position]
      scalars.formIndex(after: &position)
      next.clear()
      let isLast = position == scalars.endIndex
      for state in states.members {
        guard case .scalar(let set) = program[state], set.contains(scalar) else { continue }
        if add(state + 1, to: &next, isAtStart: false, isAtEnd: isLast) { return true }
      }
      swap(&states, &next)
    }
  }

  /// Adds `state` and all it reaches without reading; `true` when that includes acceptance.
  private func add(_ state: Int, to states: inout StateSet, isAtStart: Bool, isAtEnd: Bool) -> Bool {
    var pending = [state]
    while let state = pending.popLast() {
      guard states.insert(state) else { continue }
      switch program[state] {
      case .accept: return true
      case .jump(let target): pending.append(target)
      case .fork(let first, let second):
        pending.append(second)
        pending.append(first)
      case .start: if isAtStart { pending.append(state + 1) }
      case .end: if isAtEnd { pending.append(state + 1) }
      case .scalar: break
      }
    }
    return false
  }
}

/// States in the order they were added; emptied in constant time.
private struct StateSet {
  private(set) var members: [Int] = []
  private var generationOf: [Int]
  private var generation = 1

  init(count: Int) { generationOf = [Int](repeating: 0, count: count) }

  mutating func insert(_ state: Int) -> Bool {
    guard generationOf[state] != generation else { return false }
    generationOf[state] = generation
    members.append(state)
    return true
  }

  mutating func clear() {
    members.removeAll(keepingCapacity: true)
    generation += 1
  }
}
