import OnexCore

/// A topic's picture for machines.
enum PictureDocument {
  static func of(_ picture: TopicPicture) -> JSONValue {
    let declaration = picture.declaration
    return .object(
      JSONObject([
        ("topic", .string(picture.name)), ("declared", .boolean(declaration != nil)), ("owner", text(declaration?.owner)),
        ("file", text(declaration?.file)), ("protected", .boolean(declaration?.isProtected ?? false)),
        // librdkafka has no request that tells.
        ("size_bytes", .null), ("partitions", .array(picture.partitions.map(of))), ("groups", .array(picture.positions.map(of))),
        ("contracts", .array(picture.uses.map(of))),
      ]))
  }

  private static func of(_ partition: TopicPicture.Partition) -> JSONValue {
    let description = partition.description
    func ids(_ ids: [Int32]) -> JSONValue { .array(ids.map { .integer($0) }) }
    return .object(
      JSONObject([
        ("partition", .integer(description.partition)), ("leader", number(description.leader.map(Int64.init))),
        ("replicas", ids(description.replicas)), ("in_sync_replicas", ids(description.inSyncReplicas)),
        ("first_offset", number(partition.offsets?.lowerBound)), ("next_offset", number(partition.offsets?.upperBound)),
        ("records", number(partition.offsets.map { Int64($0.count) })),
      ]))
  }

  private static func of(_ position: TopicPicture.Position) -> JSONValue {
    .object(
      JSONObject([
        ("group", .string(position.group)), ("partition", .integer(position.partition)),
        ("committed_offset", .integer(position.committed)), ("lag", number(position.lag)),
      ]))
  }

  private static func of(_ use: TopicUse) -> JSONValue {
    .object(
      JSONObject([("contract", .string(use.contract)), ("way", .string(use.way.rawValue)), ("file", .string(use.file))]))
  }

  private static func text(_ text: String?) -> JSONValue { text.map { .string($0) } ?? .null }
  private static func number(_ number: Int64?) -> JSONValue { number.map { .integer($0) } ?? .null }
}
