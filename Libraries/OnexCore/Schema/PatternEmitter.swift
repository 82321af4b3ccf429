/// Writes the instructions of a pattern's tree (Thompson's construction).
struct PatternEmitter {
  private(set) var program: [LinearPattern.Instruction] = []

  mutating func emit(_ tree: PatternTree) throws(LinearPattern.Invalid) {
    switch tree {
    case .set(let set): try append(.scalar(set))
    case .start: try append(.start)
    case .end: try append(.end)
    case .sequence(let parts): for part in parts { try emit(part) }
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
    guard program.count < LinearPattern.sizeMax else {
      throw LinearPattern.Invalid(
        description: "is not a supported pattern: with its repetitions written out it has over \(LinearPattern.sizeMax) steps")
    }
    program.append(instruction)
  }
}
