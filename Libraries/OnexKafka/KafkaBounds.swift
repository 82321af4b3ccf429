/// Every bound of the adapter in one place.
enum KafkaBounds {
  /// Prefetched records of one consumer. librdkafka's own default is 64 MiB, more than a whole service may use.
  static let consumerQueueKiB = 8 * 1024
  /// Records that librdkafka tries to have at hand of each partition.
  static let consumerQueueRecords = 5_000
  /// One fetch; also the least that lets a record of this size through.
  static let fetchBytesMax = 4 << 20
  /// What is believed of a response's length; nothing is allocated for it. The development broker answers a fetch with the whole rest
  /// of a partition, whatever was asked for: a lower bound would make a backlog unreadable there.
  static let responseBytesMax = 1_000_000_000
  /// A larger record is refused before it is sent; the topics' own limits are lower.
  static let recordBytesMax = 8 << 20
  /// Records that wait to be sent. What is published beyond waits on the producer's thread.
  static let producerQueueRecords = 100_000
  static let producerQueueKiB = 16 * 1024
  /// How long the broker may take to acknowledge: for ever. Several batches are under way at once; giving one up while a later
  /// one is still tried would turn their order around.
  static let deliveryTimeoutMS = 0
  /// How long a record waits for others to share a request with: not at all. A pipeline publishes by the batch, and what comes while a
  /// request is under way shares the next one; each millisecond here would be one more for every hop of every request.
  static let lingerMS = 0
  /// Stored offsets reach the broker this often.
  static let commitIntervalMS = 1000
  /// A member that is not heard of for so long loses its partitions.
  static let sessionTimeoutMS = 6_000
  /// A member that does not poll for so long loses its partitions; the group also waits so long for members to give theirs up, and
  /// librdkafka for an answer to its wish to join. Its default of five minutes would let one lost answer cost as much; and a
  /// broker that waits for a killed member by this bound keeps its partitions from the others for as long. The pipeline polls several
  /// times a second.
  static let pollIntervalMaxMS = 12_000
  /// How long partitions that the group wants back may be kept: until the handlers at work have ended. A third member that joins
  /// meanwhile waits for the answer until the poll interval is over, and takes them then.
  static let cooperativeRevocationMax: Duration = .seconds(60)
  /// Below the poll interval.
  static let eagerRevocationMax: Duration = .seconds(10)
  /// How long a commit may take; the consumer does nothing else meanwhile.
  static let commitTimeoutMS: Int32 = 5_000
  /// How long leaving a group may take. Well below the session timeout, after which librdkafka tears the membership down by itself:
  /// an unassignment at that moment would wait for an answer for ever.
  static let closeTimeoutMS: Int32 = 4_000
  static let metadataTimeoutMS: Int32 = 10_000
  /// The cluster's id came with the metadata before: whatever asks for it waits for librdkafka to note it, not for a broker.
  static let clusterIDTimeoutMS: Int32 = 500
  /// How long a broker may take over a request of an administrator, unless the caller says otherwise, and whatever it says.
  static let adminTimeoutMS: Int32 = 10_000
  static let adminTimeoutMaxMS: Int32 = 300_000
  /// librdkafka tells by itself that a request timed out; it is given so long to do so.
  static let adminGraceMS: Int32 = 5_000
  /// Topics of one request. The description of a topic's settings is some two kilobytes.
  static let adminTopicsMax = 2_000
}
