/// A regular expression that is matched in time proportional to the text: a payload cannot make it backtrack.
///
/// ECMA-262 (`u` mode) without back references and without scripts in `\p`: literals, `.`, classes, `\d \D \w \W \s \S`, `\p{…}` with
/// general categories and some binary properties, groups, `|`, `*`, `+`, `?`, `{n}`, `{n,}`, `{n,m}`, `^`, `$`, `\b`, `\B`, look-ahead and
/// look-behind. It matches anywhere unless anchored.
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
    /// Goes on where the condition holds.
    case assertion(PatternTree.Assertion)
    case accept
  }

  /// A look-around, which is matched at every place of the text before the pattern is: `(?=x)` backwards from the text's end, with the
  /// program of `x` reversed, `(?<=x)` forwards. Both are one pass over the text.
  struct LookAround: Sendable {
    let program: [Instruction]
    let isAhead: Bool
  }

  public let source: String
  private let program: [Instruction]
  /// A look-around inside another comes before it.
  private let lookArounds: [LookAround]

  public init(_ source: String) throws(Invalid) {
    var parser = PatternParser(source)
    let tree = try parser.parse()
    var emitter = PatternEmitter()
    program = try emitter.program(of: tree, isReversed: false)
    lookArounds = emitter.lookArounds
    size = emitter.size
    self.source = source
  }

  /// Instructions, to which the cost of a match is proportional.
  public let size: Int

  /// Steps of a check that one match costs at most, of eight visits to an instruction each.
  func cost(of text: String) -> Int {
    let (visits, overflow) = (text.utf8.count + 1).multipliedReportingOverflow(by: size)
    return overflow ? .max : visits / 8 + 1
  }

  public func matches(_ text: String) -> Bool {
    var visits = 0
    return matches(text, visits: &visits)
  }

  /// - Parameter visits: grows by the instructions that were visited.
  func matches(_ text: String, visits: inout Int) -> Bool {
    var run = PatternRun(text)
    for lookAround in lookArounds { run.addPlaces(of: lookAround, &visits) }
    return run.matches(program, &visits)
  }
}

/// One match: all places of the program that can be reached are followed at once (Thompson's simulation).
private struct PatternRun {
  private let scalars: [Unicode.Scalar]
  /// For each look-around, the places of the text where it holds.
  private var places: [[Bool]] = []

  init(_ text: String) { scalars = Array(text.unicodeScalars) }

  mutating func addPlaces(of lookAround: LinearPattern.LookAround, _ visits: inout Int) {
    var found = [Bool](repeating: false, count: scalars.count + 1)
    follow(lookAround.program, isForward: !lookAround.isAhead, &visits) { place in
      found[place] = true
      return false
    }
    places.append(found)
  }

  func matches(_ program: [LinearPattern.Instruction], _ visits: inout Int) -> Bool {
    var isMatched = false
    follow(program, isForward: true, &visits) { _ in
      isMatched = true
      return true
    }
    return isMatched
  }

  /// Begins the program at every place of the text.
  ///
  /// - Parameter accept: is called with each place where the program ends, and returns `true` to stop.
  private func follow(
    _ program: [LinearPattern.Instruction], isForward: Bool, _ visits: inout Int, accept: (Int) -> Bool
  ) {
    var states = StateSet(count: program.count)
    var next = StateSet(count: program.count)
    var place = isForward ? 0 : scalars.count
    while true {
      if add(0, at: place, to: &states, program), accept(place) { return }
      visits += states.members.count
      guard isForward ? place < scalars.count : place > 0 else { return }
      let scalar = scalars[isForward ? place : place - 1]
      place += isForward ? 1 : -1
      next.clear()
      var isAccepted = false
      for state in states.members {
        guard case .scalar(let set) = program[state], set.contains(scalar) else { continue }
        if add(state + 1, at: place, to: &next, program) { isAccepted = true }
      }
      if isAccepted, accept(place) { return }
      swap(&states, &next)
    }
  }

  /// Adds `state` and all it reaches without reading; `true` when that includes acceptance.
  private func add(_ state: Int, at place: Int, to states: inout StateSet, _ program: [LinearPattern.Instruction]) -> Bool {
    var pending = [state]
    var isAccepted = false
    while let state = pending.popLast() {
      guard states.insert(state) else { continue }
      switch program[state] {
      case .accept: isAccepted = true
      case .jump(let target): pending.append(target)
      case .fork(let first, let second):
        pending.append(second)
        pending.append(first)
      case .assertion(let assertion): if holds(assertion, at: place) { pending.append(state + 1) }
      case .scalar: break
      }
    }
    return isAccepted
  }

  private func holds(_ assertion: PatternTree.Assertion, at place: Int) -> Bool {
    switch assertion {
    case .start: return place == 0
    case .end: return place == scalars.count
    case .wordBoundary(let isNegated):
      let before = place > 0 && ScalarSet.word.contains(scalars[place - 1])
      let after = place < scalars.count && ScalarSet.word.contains(scalars[place])
      return (before != after) != isNegated
    case .lookAround(let index, let isNegated): return places[index][place] != isNegated
    }
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

/// Writes the instructions of a pattern's tree (Thompson's construction).
private struct PatternEmitter {
  private(set) var lookArounds: [LinearPattern.LookAround] = []
  /// Instructions of all programs.
  private(set) var size = 0
  private var program: [LinearPattern.Instruction] = []
  private var isReversed = false

  mutating func program(of tree: PatternTree, isReversed: Bool) throws(LinearPattern.Invalid) -> [LinearPattern.Instruction] {
    let outer = (program, self.isReversed)
    (program, self.isReversed) = ([], isReversed)
    try emit(tree)
    let finished = program + [.accept]
    (program, self.isReversed) = outer
    size += 1
    return finished
  }

  private mutating func emit(_ tree: PatternTree) throws(LinearPattern.Invalid) {
    switch tree {
    case .set(let set): try append(.scalar(set))
    case .assertion(let assertion): try append(.assertion(assertion))
    case .look(let tree, let isAhead, let isNegated):
      let program = try program(of: tree, isReversed: isAhead)
      lookArounds.append(LinearPattern.LookAround(program: program, isAhead: isAhead))
      try append(.assertion(.lookAround(lookArounds.count - 1, isNegated: isNegated)))
    case .sequence(let parts): for part in isReversed ? parts.reversed() : parts { try emit(part) }
    case .alternatives(let branches): try emit(alternatives: branches)
    case .repeated(let tree, let min, let max): try emit(repeated: tree, min, max)
    }
  }

  private mutating func emit(alternatives branches: [PatternTree]) throws(LinearPattern.Invalid) {
    var jumps: [Int] = []
    for branch in branches.dropLast() {
      let fork = program.count
      try append(.fork(fork + 1, 0))
      try emit(branch)
      jumps.append(program.count)
      try append(.jump(0))
      program[fork] = .fork(fork + 1, program.count)
    }
    if let last = branches.last { try emit(last) }
    for jump in jumps { program[jump] = .jump(program.count) }
  }

  private mutating func emit(repeated tree: PatternTree, _ min: Int, _ max: Int?) throws(LinearPattern.Invalid) {
    for _ in 0..<min {
      let before = program.count
      try emit(tree)
      if program.count == before { return }  // Repeating nothing is nothing.
    }
    guard let max else {
      let fork = program.count
      try append(.fork(fork + 1, 0))
      try emit(tree)
      try append(.jump(fork))
      program[fork] = .fork(fork + 1, program.count)
      return
    }
    var forks: [Int] = []
    for _ in min..<max {
      forks.append(program.count)
      try append(.fork(program.count + 1, 0))
      try emit(tree)
    }
    for fork in forks { program[fork] = .fork(fork + 1, program.count) }
  }

  private mutating func append(_ instruction: LinearPattern.Instruction) throws(LinearPattern.Invalid) {
    guard size < LinearPattern.sizeMax else {
      throw LinearPattern.Invalid(
        description: "is not a supported pattern: with its repetitions written out it has over \(LinearPattern.sizeMax) steps")
    }
    size += 1
    program.append(instruction)
  }
}
