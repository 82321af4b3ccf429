import OnexCore
import Testing

@testable import OnexKafka

@Suite struct WholeSettingsTests {
  @Test func whatSomebodyElseHasSetIsToldAgainAndNothingElseIs() throws {
    let current = [
      KafkaSetting("retention.ms", "9", source: .topic), KafkaSetting("segment.ms", "4", source: .topic),
      KafkaSetting("max.message.bytes", "1", source: .broker), KafkaSetting("cleanup.policy", "delete", source: .standard),
      KafkaSetting("read.only", "x", source: .topic, isReadOnly: true), KafkaSetting("old.broker", "y", source: .unknown),
    ]
    let whole = try WholeSettings.merged(current, with: ["retention.ms": "5", "compression.type": "lz4"], topic: "t")
    #expect(whole == ["retention.ms": "5", "segment.ms": "4", "old.broker": "y", "compression.type": "lz4"])
  }

  @Test func aSecretThatCouldNotBeToldAgainStopsTheChange() {
    for secret in [
      KafkaSetting("password", nil, source: .topic), KafkaSetting("password", "***", source: .topic, isSensitive: true),
    ] {
      let error = #expect(throws: EventBusError.self) { try WholeSettings.merged([secret], with: ["a": "1"], topic: "t") }
      #expect(error?.message.contains("password") == true && error?.message.contains("***") == false)
    }
  }
}
