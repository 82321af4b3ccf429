import OnexCommandLine
import OnexCore
import Testing

@Suite struct ArgumentSetTests {
  private let grammar = ArgumentSet.Grammar(
    options: [("--timeout", "SECONDS"), ("--count", "N")], flags: ["--json"], positionals: ["operation", "[json]"])

  private func parse(_ arguments: String...) throws(ArgumentSet.Misuse) -> ArgumentSet { try ArgumentSet(arguments, grammar) }

  private func misuse(_ arguments: String...) -> String? {
    do {
      _ = try ArgumentSet(arguments, grammar)
      return nil
    } catch {
      return error.message
    }
  }

  @Test func optionsFlagsAndArgumentsMayStandInAnyOrder() throws {
    let set = try parse("--json", "compute.echo", "--timeout=5", "{}")
    #expect(set.positionals == ["compute.echo", "{}"])
    #expect(set.has("--json"))
    #expect(try set.seconds("--timeout", default: .seconds(1)) == .seconds(5))
  }

  @Test func aDashIsAnArgumentAndTwoEndTheOptions() throws {
    #expect(try parse("a.b", "-").positionals == ["a.b", "-"])
    #expect(try parse("a.b", "--", "--json").positionals == ["a.b", "--json"])
  }

  @Test func whatIsWrongIsNamed() {
    #expect(misuse() == "missing operation")
    #expect(misuse("a", "b", "c") == #"unexpected argument "c""#)
    #expect(misuse("a", "--timeout") == "--timeout needs a value: --timeout SECONDS")
    #expect(misuse("a", "--timout", "3") == "unknown option --timout; did you mean --timeout?")
    #expect(misuse("a", "--json=yes") == "--json takes no value")
  }

  @Test(arguments: [("30", 30.0), ("30s", 30.0), ("0.5", 0.5)])
  func secondsMayHaveAUnit(_ text: String, _ expected: Double) throws {
    #expect(try parse("a", "--timeout", text).seconds("--timeout", default: .zero).seconds == expected)
  }

  @Test(arguments: ["0", "-1", "soon", "1e9", "nan", "30m", ""])
  func otherTimesAreRefused(_ text: String) throws {
    let set = try parse("a", "--timeout", text)
    #expect(throws: ArgumentSet.Misuse.self) { try set.seconds("--timeout", default: .zero) }
  }

  @Test func countsAreAboveZero() throws {
    #expect(try parse("a", "--count", "3").count("--count") == 3)
    #expect(try parse("a").count("--count") == nil)
    for text in ["0", "-3", "many"] {
      #expect(throws: ArgumentSet.Misuse.self) { try parse("a", "--count", text).count("--count") }
    }
  }
}
