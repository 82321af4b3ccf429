import OnexCore
import Testing

@Suite struct LeaseWatchTests {
  private let first = LeaseState(epoch: 1, renewals: 7)

  @Test func aStateThatStaysForTheWholeTimeExpires() {
    var watch = LeaseWatch(time: .seconds(6))
    #expect(watch.expired(at: .seconds(100)) == nil, "nothing was seen yet")
    watch.note(.taken(first), at: .seconds(100))
    watch.note(.taken(first), at: .seconds(103))
    #expect(watch.expired(at: .seconds(100) + .milliseconds(5999)) == nil)
    #expect(watch.expired(at: .seconds(106)) == first)
  }

  @Test func everyRenewalBeginsTheTimeAnew() {
    var watch = LeaseWatch(time: .seconds(6))
    for round in 0..<10 {
      watch.note(.taken(LeaseState(epoch: 1, renewals: Int64(round))), at: .seconds(2 * round))
      #expect(watch.expired(at: .seconds(2 * round + 2)) == nil)
    }
    watch.note(.taken(LeaseState(epoch: 2, renewals: 9)), at: .seconds(20))
    #expect(watch.expired(at: .seconds(25)) == nil, "another owner's state is another one")
    #expect(watch.expired(at: .seconds(26)) == LeaseState(epoch: 2, renewals: 9))
  }

  @Test func theOwnerForgetsWhatItSawAsAContender() {
    var watch = LeaseWatch(time: .seconds(6))
    watch.note(.taken(first), at: .zero)
    watch.note(.held(2), at: .seconds(6))
    #expect(watch.expired(at: .seconds(1000)) == nil)
  }

  @Test(arguments: [Duration.zero, .seconds(Int64.max / 4)])
  func extremesOfTheMonotonicClockAreTimesAsAnyOther(_ start: Duration) {
    var watch = LeaseWatch(time: .seconds(6))
    watch.note(.taken(LeaseState(epoch: .max, renewals: .max)), at: start)
    #expect(watch.expired(at: start + .seconds(5)) == nil)
    #expect(watch.expired(at: start + .seconds(6)) == LeaseState(epoch: .max, renewals: .max))
  }
}
