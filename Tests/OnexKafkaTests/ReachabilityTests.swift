import Testing

@testable import OnexKafka

@Suite struct ReachabilityTests {
  @Test func nobodyIsAskedWhileRecordsCome() {
    var reachability = Reachability(now: .zero)
    for second in 1...20 {
      #expect(reachability.due(.seconds(second), isOutage: false) == nil)
      reachability.heard(.seconds(second))
    }
  }

  @Test func silenceIsAskedAboutAndOneLateAnswerIsNoOutage() {
    var reachability = Reachability(now: .zero)
    #expect(reachability.due(.seconds(6), isOutage: false) == Reachability.timeoutMS)
    let (first, answer) = (
      reachability.asked(.seconds(7), hasAnswered: false), reachability.asked(.seconds(8), hasAnswered: true)
    )
    #expect(!first && !answer)
    #expect(reachability.due(.seconds(9), isOutage: false) == nil, "the answer starts the silence anew")
    let (second, third) = (
      reachability.asked(.seconds(14), hasAnswered: false), reachability.asked(.seconds(15), hasAnswered: false)
    )
    #expect(!second && third)
  }

  @Test func anUnansweredQuestionIsRepeatedSoon() {
    var reachability = Reachability(now: .zero)
    _ = reachability.asked(.seconds(6), hasAnswered: false)
    #expect(reachability.due(.milliseconds(6400), isOutage: false) == nil)
    #expect(reachability.due(.milliseconds(6600), isOutage: false) == Reachability.timeoutMS)
  }

  @Test func anOutageIsAskedAboutOftenAndShortly() {
    var reachability = Reachability(now: .zero)
    #expect(reachability.due(.milliseconds(600), isOutage: true) == Reachability.timeoutInOutageMS)
    _ = reachability.asked(.seconds(1), hasAnswered: false)
    #expect(reachability.due(.milliseconds(1400), isOutage: true) == nil)
  }
}
