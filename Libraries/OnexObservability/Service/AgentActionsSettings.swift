import OnexMigrations
import OnexService

/// The variables of `agent-actions-consumer`, all with a prefix of their own.
public enum AgentActionsSettings {
  private static let prefix = "OMNIBASE_INFRA_AGENT_ACTIONS_"

  public static let bootstrapServers = Setting.list(
    prefix + "KAFKA_BOOTSTRAP_SERVERS", default: ["localhost:9092"], allowed: "host:port, several separated by commas",
    help: "Brokers to ask for the rest of the cluster.", check: CommonSettings.isHostAndPort
  ).fallback(CommonSettings.kafkaBootstrapServers.name)

  public static let group = Setting.text(
    prefix + "KAFKA_GROUP_ID", default: "agent-observability-postgres", allowed: "1 to 255 characters",
    help: "The consumer group.", check: { (1...255).contains($0.utf8.count) })

  public static let topics = Setting.list(
    prefix + "TOPICS", default: ObservabilityTable.all.map(\.topic),
    allowed: "some of " + ObservabilityTable.all.map(\.topic).joined(separator: ", "),
    help: "The topics to write to their tables.", check: { ObservabilityTable.of(topic: $0) != nil })

  public static let start = Setting.choice(
    prefix + "AUTO_OFFSET_RESET", of: ["earliest", "latest"], default: "earliest",
    help: "Where a group without a stored offset begins.")

  public static let dsn = Setting.optionalText(
    prefix + "POSTGRES_DSN", secret: true, allowed: "postgresql://user:password@host:port/database",
    help: "The database; absent: OMNIBASE_INFRA_DB_URL, else the POSTGRES_* parts.", check: CommonSettings.isPostgresURL
  ).fallback(CommonSettings.postgresURL.name)

  public static let batchSize = Setting.integer(
    prefix + "BATCH_SIZE", default: 100, range: 1...100_000,
    help:
      "Rows that make a batch due while another of its topic is being written; it takes all that wait, up to \(BatchLimits.rowsMaxDefault)."
  )

  public static let batchTimeoutMilliseconds = Setting.integer(
    prefix + "BATCH_TIMEOUT_MS", default: 1000, range: 100...60_000,
    help: "The longest a row waits for its batch to fill; an idle writer takes it at once.")

  public static let breakerThreshold = Setting.integer(
    prefix + "CIRCUIT_BREAKER_THRESHOLD", default: 5, range: 1...1000,
    help: "Failed writes in a row that open the circuit. A database that cannot be reached does not count.")

  public static let breakerResetSeconds = Setting.integer(
    prefix + "CIRCUIT_BREAKER_RESET_TIMEOUT", default: 60, range: 1...3600,
    help: "Seconds after which an open circuit lets one write through.")

  public static let breakerHalfOpenSuccesses = Setting.integer(
    prefix + "CIRCUIT_BREAKER_HALF_OPEN_SUCCESSES", default: 1, range: 1...100,
    help: "Writes in a row that close the circuit again.")

  public static let nulBytes = Setting.choice(
    prefix + "NUL_BYTES", of: DecodingPolicy.NULBytes.allCases.map(\.rawValue), default: DecodingPolicy.NULBytes.reject.rawValue,
    help: "Events with NUL characters, which PostgreSQL cannot store: dead letters, or stored without them and marked.")

  public static let recordBytesMax = Setting.integer(
    prefix + "RECORD_BYTES_MAX", default: DecodingPolicy.recordBytesDefault, range: 1024...(64 << 20),
    help: "Larger records are dead letters.")

  public static let redactionEnabled = Setting.flag(
    prefix + "REDACTION_ENABLED", default: true,
    help: "Replace secrets and personal data in free text by [REDACTED:kind] before it is stored.")

  private static let allFields = "*"

  public static let redactionFields = Setting.list(
    prefix + "REDACTION_FIELDS", default: [allFields],
    allowed: "\(allFields) for all free text, or some of \(RedactionScope.names.sorted().joined(separator: ", "))",
    help: "The columns that are looked through.", check: { $0 == allFields || RedactionScope.names.contains($0) })

  public static let retentionEnabled = Setting.flag(
    prefix + "TTL_ENABLED", default: true, help: "Remove rows that are older than their table's TTL_DAYS.")

  private static let retentionDaysRange = 1...3650

  public static let retentionDays = Setting.integer(
    prefix + "TTL_DAYS", default: 30, range: retentionDaysRange, help: "How long rows are kept.")

  /// One for each table, by the table's name.
  static let tableRetentionDays = Dictionary(
    uniqueKeysWithValues: ObservabilityTable.all.map { table in
      let setting = Setting.integer(
        prefix + "TTL_DAYS_" + table.name.uppercased(), default: 30, range: retentionDaysRange,
        help: "How long rows of \(table.name) are kept."
      ).fallback(retentionDays.name)
      return (table.name, setting)
    })

  public static let healthPort = Setting.port(
    prefix + "HEALTH_CHECK_PORT", default: 8087,
    help: "The port of /health, /ready and /metrics; 0 lets the system choose."
  ).fallback("ONEX_HEALTH_PORT")

  public static let healthHost = Setting.text(
    prefix + "HEALTH_CHECK_HOST", default: CommonSettings.bindHost.defaultText ?? "127.0.0.1",
    allowed: CommonSettings.bindHost.allowed, help: "Where the health endpoint listens. Containers set 0.0.0.0."
  ).fallback(CommonSettings.bindHost.name)

  public static let writeStalenessSeconds = Setting.integer(
    prefix + "HEALTH_CHECK_STALENESS_SECONDS", default: 300, range: 1...86_400,
    help: "Seconds without a write, while records wait, after which health is degraded.")

  public static let pollStalenessSeconds = Setting.integer(
    prefix + "HEALTH_CHECK_POLL_STALENESS_SECONDS", default: 60, range: 1...86_400,
    help: "Seconds without a poll after which health is degraded.")

  /// The endpoint's port and host are the chassis' to load.
  static let all: [any AnySetting] =
    [
      bootstrapServers, group, CommonSettings.groupInstance, topics, start, dsn, batchSize, batchTimeoutMilliseconds,
      breakerThreshold, breakerResetSeconds,
      breakerHalfOpenSuccesses, nulBytes, recordBytesMax, redactionEnabled, redactionFields, retentionEnabled, retentionDays,
      writeStalenessSeconds,
      pollStalenessSeconds, DeploymentCheck.deploymentID,
    ] + ObservabilityTable.all.compactMap { tableRetentionDays[$0.name] }

  static func decodingPolicy(_ configuration: Configuration) -> DecodingPolicy {
    let fields = configuration[redactionFields]
    let redaction: RedactionScope
    if !configuration[redactionEnabled] {
      redaction = .nothing
    } else {
      redaction = fields.contains(allFields) ? .everything : .columns(Set(fields))
    }
    return DecodingPolicy(
      nulBytes: DecodingPolicy.NULBytes(rawValue: configuration[nulBytes]) ?? .reject,
      recordBytesMax: configuration[recordBytesMax], redaction: redaction, retention: retention(configuration))
  }

  static func retention(_ configuration: Configuration) -> RetentionPolicy {
    guard configuration[retentionEnabled] else { return .forever }
    return .days(tableRetentionDays.mapValues { configuration[$0] })
  }

  /// The parts of the database's address, used only when no address is given in one piece.
  static let postgresParts = SettingGroup(
    title: SettingGroup.postgres.title, settings: SettingGroup.postgres.settings,
    isUsed: { environment in (environment[dsn.name] ?? "").isEmpty },
    check: SettingGroup.postgres.check)
}
