import OnexCore

/// What AlterConfigs needs to be told, because it puts every setting back to its default that it is not told (Kafka protocol, API key
/// 33; the call that leaves the others alone is KIP-339, which librdkafka has from 2.2 on). Pure.
enum WholeSettings {
  /// The settings that the topic has of its own, whoever set them, under those that change.
  ///
  /// - Throws: when one of them is secret: it could not be told again and would be lost.
  static func merged(
    _ current: [KafkaSetting], with changes: [String: String], topic: String
  ) throws(EventBusError) -> [String: String] {
    var whole: [String: String] = [:]
    for setting in current where isOwn(setting) && changes[setting.name] == nil {
      guard let value = setting.value, !setting.isSensitive else {
        throw EventBusError(
          .configuration,
          "\(topic): its setting \(setting.name) is secret and would be lost by this change; change the topic by hand")
      }
      whole[setting.name] = value
    }
    return whole.merging(changes) { _, new in new }
  }

  /// A broker too old to name sources still tells what is no default.
  private static func isOwn(_ setting: KafkaSetting) -> Bool {
    (setting.source == .topic || setting.source == .unknown) && !setting.isReadOnly
  }
}
