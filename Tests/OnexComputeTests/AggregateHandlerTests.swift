import OnexCompute
import OnexCore
import Testing

@Suite struct AggregateHandlerTests {
  private func value(_ operation: String, _ payload: Bytes) throws -> JSONValue? {
    try json(ask(AggregateHandler(), "aggregate.\(operation)", payload))["value"]
  }

  @Test(arguments: [("count", 4), ("sum", 10), ("min", 1), ("max", 4)] as [(String, JSONValue)])
  func numbersAreSummarised(operation: String, expected: JSONValue) throws {
    let answer = try json(ask(AggregateHandler(), "aggregate.\(operation)", "{\"values\":[3,1,2,4]}"))
    #expect(answer == ["value": expected, "count": 4])
  }

  @Test func aNumberInsideObjectsIsFoundByItsPath() throws {
    let payload: Bytes = "{\"values\":[{\"t\":{\"ms\":[10]}},{\"t\":{\"ms\":[21]}}],\"field\":\"t.ms.0\"}"
    #expect(try value("mean", payload) == JSONValue.double(15.5))
  }

  @Test(arguments: [("count", 0), ("sum", 0), ("mean", nil), ("min", nil), ("max", nil)] as [(String, JSONValue)])
  func nothingHasNoMeanAndASumOfZero(operation: String, expected: JSONValue) throws {
    #expect(try value(operation, "{\"values\":[]}") == expected)
  }

  @Test func aSumOfIntegersIsExactBeyondWhatADoubleHolds() throws {
    #expect(try value("sum", "{\"values\":[9007199254740993,1]}") == .integer(Int64(9_007_199_254_740_994)))
    #expect(try value("sum", "{\"values\":[9223372036854775806,1]}") == .integer(Int64.max))
  }

  /// One long value comes out once for each quantile.
  @Test func aValueThatMultipliesIsStoppedBeforeMemoryIs() throws {
    let asked = Array(repeating: "0", count: 100).joined(separator: ",")
    let payload = Bytes("{\"values\":[0.\(String(repeating: "1", count: 100_000))],\"quantiles\":[\(asked)]}")
    #expect(try #require(refusal(AggregateHandler(), "aggregate.quantiles", payload)).code == .outputTooLarge)
  }

  /// One long number among many that share its double is read once, not once for each of them.
  @Test(
    .timeLimit(.minutes(1)),
    arguments: [
      ("min", "0." + String(repeating: "9", count: 300_000)), ("max", "1." + String(repeating: "0", count: 300_000) + "1"),
    ])
  func aLongNumberIsReadOnce(_ operation: String, _ long: String) throws {
    let ones = Array(repeating: "1", count: 100_000).joined(separator: ",")
    let clock = ContinuousClock()
    let start = clock.now
    for values in ["\(long),\(ones)", "\(ones),\(long)"] {
      let found = try value(operation, Bytes("{\"values\":[\(values)]}"))
      #expect(found?.number?.literal.isExactly(long) == true)
    }
    #expect(clock.now - start < .seconds(20), "a debug build takes a second; 10^10 digits take minutes")
  }

  /// The nearest double of the exact sum, or the sum itself where that is an integer of 64 bits: in any order.
  @Test(arguments: [
    (["9223372036854775807", "1", "-1"], "9223372036854775807"), (["9223372036854775807", "0.5", "-0.5"], "9223372036854775807"),
    (["9007199254740993", "0.5"], "9.007199254740994e+15"), (["-9223372036854775808", "-1", "1"], "-9223372036854775808"),
    (["9223372036854775807.0", "0e9"], "9223372036854775807"), (["1e18", "1e18", "3e0"], "2000000000000000003"),
    (["1e308", "-1e308", "7"], "7"), (["1.0", "1e100", "1.0", "-1e100"], "2"),
    (["9223372036854775807", "1"], "9.223372036854776e+18"),
    (["0.1", "0.2"], "0.3"), (["5e-324", "5e-324"], "1e-323"), (["1e-400", "-1e-400"], "0"),
    (["1e-9223372036854775808", "3"], "3"),
    (["1e-99999999999999999999", "0.5"], "0.5"), (["0.000001e6", "1E+00"], "2"), (["1e308", "1e308", "-1e308", "-1e308"], "0"),
    (["0e99999999999999999999", "4"], "4"), (["123456789012345678901234567890", "-123456789012345678901234567889"], "1"),
  ])
  func aSumIsExactInAnyOrder(values: [String], expected: String) throws {
    for shift in values.indices {
      let rotated = values[shift...] + values[..<shift]
      for order in [Array(rotated), rotated.reversed()] {
        let answer = try ask(AggregateHandler(), "aggregate.sum", Bytes("{\"values\":[\(order.joined(separator: ","))]}"))
        #expect(answer.text == "{\"value\":\(expected),\"count\":\(values.count)}", "\(order)")
      }
    }
  }

  @Test(arguments: [
    (["9007199254740993"], "9007199254740993"), (["9223372036854775807", "9223372036854775807"], "9223372036854775807"),
    (["9223372036854775807", "9223372036854775805"], "9223372036854775806"), (["1", "2"], "1.5"),
    (["1", "1", "2"], "1.3333333333333333"),
    (["0.1", "0.1", "0.1"], "0.1"), (["1.7976931348623157e308", "1.7976931348623157e308"], "1.7976931348623157e+308"),
    (["-1", "-1", "-2"], "-1.3333333333333333"),
  ])
  func aMeanIsExactBeforeItIsRounded(values: [String], expected: String) throws {
    let answer = try ask(AggregateHandler(), "aggregate.mean", Bytes("{\"values\":[\(values.joined(separator: ","))]}"))
    #expect(answer.text == "{\"value\":\(expected),\"count\":\(values.count)}")
  }

  @Test(arguments: [
    ("[9007199254740993]", "0", "9007199254740993"), ("[9007199254740993,9007199254740992]", "0", "9007199254740992"),
    ("[9007199254740993,9007199254740995]", "0.5", "9007199254740994"), ("[9007199254740993,1.50]", "0", "1.50"),
    ("[9223372036854775807,-9223372036854775808]", "0.5", "-0.5"),
    ("[9007199254740993,9007199254740993.0]", "0.3", "9007199254740993"),
    ("[3,1,2]", "1e-400", "1"), ("[0.10,0.1000000000000000000001,0.1]", "1", "0.1000000000000000000001"),
    ("[9223372036854775806,9223372036854775807]", "1", "9223372036854775807"),
  ])
  func quantilesOfBigNumbersAreExact(values: String, quantile: String, expected: String) throws {
    let answer = try ask(AggregateHandler(), "aggregate.quantiles", Bytes("{\"values\":\(values),\"quantiles\":[\(quantile)]}"))
    let first = try json(answer)["quantiles"]?.array?.first?["value"]?.number?.literal
    #expect(first == expected)
  }

  @Test func theLeastAndTheGreatestAreFoundBeyondDoubles() throws {
    let values = "[9007199254740992.5,9007199254740993,9007199254740993.5,9007199254740992]"
    #expect(
      try ask(AggregateHandler(), "aggregate.max", Bytes("{\"values\":\(values)}")).text
        == #"{"value":9007199254740993.5,"count":4}"#)
    #expect(
      try ask(AggregateHandler(), "aggregate.min", Bytes("{\"values\":\(values)}")).text
        == #"{"value":9007199254740992,"count":4}"#)
  }

  @Test func roundingErrorsDoNotAddUp() throws {
    let tenths = Array(repeating: "0.1", count: 1000).joined(separator: ",")
    #expect(try value("sum", Bytes("{\"values\":[\(tenths)]}")) == 100)
    #expect(try value("sum", "{\"values\":[1.0,1e100,1.0,-1e100]}") == 2)
  }

  @Test func largeValuesHaveAMeanThoughTheirSumHasNone() throws {
    #expect(try value("mean", "{\"values\":[1e308,1e308]}") == JSONValue.double(1e308))
    #expect(try value("sum", "{\"values\":[1e308,1e308,-1e308]}") == JSONValue.double(1e308))
    let error = try #require(refusal(AggregateHandler(), "aggregate.sum", "{\"values\":[1e308,1e308]}"))
    #expect(error.code == .handlerFailed && error.message.contains("beyond the range"))
  }

  @Test func theGreatestKeepsAllItsDigits() throws {
    let answer = try ask(AggregateHandler(), "aggregate.max", "{\"values\":[9007199254740992,9007199254740993,1.50]}")
    #expect(answer.text == "{\"value\":9007199254740993,\"count\":3}")
  }

  @Test(arguments: [
    ("[1,2,3,4]", 0.5, 2.5), ("[1,2,3,4]", 0, 1), ("[1,2,3,4]", 1, 4), ("[4,3,2,1]", 0.25, 1.75), ("[7]", 0.9, 7),
    ("[-1e308,1e308]", 0.5, 0), ("[0.1,0.1,0.1]", 0.3, 0.1),
  ])
  func aQuantileIsInterpolatedLinearly(values: String, quantile: Double, expected: Double) throws {
    let payload = Bytes("{\"values\":\(values),\"quantiles\":[\(quantile)]}")
    let answer = try json(ask(AggregateHandler(), "aggregate.quantiles", payload))
    #expect(answer["quantiles"]?.array?.first?["value"]?.double == expected)
  }

  @Test func quantilesComeInTheOrderTheyWereAskedFor() throws {
    let answer = try ask(AggregateHandler(), "aggregate.quantiles", "{\"values\":[],\"quantiles\":[0.99,0.5]}")
    #expect(answer.text == "{\"quantiles\":[{\"quantile\":0.99,\"value\":null},{\"quantile\":0.5,\"value\":null}],\"count\":0}")
  }

  @Test(arguments: [
    ("{\"values\":[1,\"2\"]}", "/values/1"), ("{\"values\":[1,null]}", "/values/1"), ("{\"values\":[1,1e400]}", "/values/1"),
    ("{\"values\":[{\"a\":1}]}", "/values/0"), ("{\"values\":[{\"a\":1},{}],\"field\":\"a\"}", "/values/1/a"),
    ("{\"values\":[{\"a\":{\"b/c\":true}}],\"field\":\"a.b/c\"}", "/values/0/a/b~1c"),
    ("{\"values\":[5],\"field\":\"a\"}", "/values/0/a"), ("{\"values\":[1],\"field\":\"a..b\"}", "/field"),
    ("{\"values\":7}", "/values"), ("{}", "/values"),
  ])
  func whatIsNoNumberIsNamedByItsPath(payload: String, path: String) {
    #expect(refusedPath(AggregateHandler(), "aggregate.sum", Bytes(payload)) == path)
  }

  @Test(arguments: ["[1.5]", "[-0.1]", "[\"0.5\"]"])
  func aQuantileOutsideItsRangeIsNamed(quantiles: String) {
    let payload = Bytes("{\"values\":[1],\"quantiles\":\(quantiles)}")
    #expect(refusedPath(AggregateHandler(), "aggregate.quantiles", payload) == "/quantiles/0")
  }
}
