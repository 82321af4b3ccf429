import Testing

@testable import OnexObservability

@Suite struct BisectionTests {
  /// Plays a database that refuses every range with a bad row in it.
  private func play(_ count: Int, bad: Set<Int>) -> (written: [Int], refused: [Int], statements: Int) {
    var bisection = Bisection(count: count)
    var written: [Int] = []
    var statements = 0
    while let range = bisection.next() {
      statements += 1
      if bad.contains(where: range.contains) {
        _ = bisection.refuse()
      } else {
        written += range
        bisection.accepted()
      }
    }
    return (written, bisection.refused, statements)
  }

  @Test func goodRowsTakeOneStatement() {
    #expect(play(100, bad: []) == (Array(0..<100), [], 1))
    #expect(play(0, bad: []).statements == 0)
  }

  @Test func oneBadRowIsFoundInLogarithmicallyManyStatements() {
    for bad in [0, 31, 63] {
      let outcome = play(64, bad: [bad])
      #expect(outcome.refused == [bad])
      #expect(outcome.written == (0..<64).filter { $0 != bad })
      #expect(outcome.statements == 13)
    }
  }

  @Test(arguments: [1, 2, 3, 7, 10]) func everyMixtureIsTakenApart(_ count: Int) {
    for mask in 0..<(1 << count) {
      let bad = Set((0..<count).filter { mask >> $0 & 1 == 1 })
      let outcome = play(count, bad: bad)
      #expect(outcome.refused == bad.sorted())
      #expect(outcome.written == (0..<count).filter { !bad.contains($0) })
      #expect(outcome.statements <= 2 * count)
    }
  }
}
