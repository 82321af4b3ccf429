import OnexCore

/// Claims of executions (migrations/forward/008_request_identity.sql): many tasks' claims in one statement.
extension PostgresStore {
  private struct Columns {
    var (consumers, identities, digests) = (PostgresArray(of: .text), PostgresArray(of: .uuid), PostgresArray(of: .uuid))
    var (topics, partitions) = (PostgresArray(of: .text), PostgresArray(of: .integer))
    var (offsets, epochs) = (PostgresArray(of: .bigint), PostgresArray(of: .bigint))

    init(_ claims: [ExecutionClaim]) {
      for claim in claims {
        consumers.append(claim.consumer)
        identities.append(claim.identity.message.uuid)
        digests.append(claim.identity.digest?.uuid)
        topics.append(claim.source.topic)
        partitions.append(claim.source.partition)
        offsets.append(claim.offset)
        epochs.append(claim.epoch)
      }
    }

    var parameters: [PostgresParameter] {
      [
        .array(consumers), .array(identities), .array(digests), .array(topics), .array(partitions), .array(offsets),
        .array(epochs),
      ]
    }
  }

  static func claim(
    _ claims: [ExecutionClaim], _ pool: PostgresPool
  ) async throws(StoreError) -> [ExecutionClaim: ExecutionClaimOutcome] {
    let parameters = Columns(claims).parameters
    return try await answer { () throws(PostgresError) in
      let found = try await pool.query("SELECT * FROM runtime.claim_executions($1, $2, $3, $4, $5, $6, $7)", parameters)
      var outcomes: [ExecutionClaim: ExecutionClaimOutcome] = [:]
      for row in found.rows {
        let claim = claims[try row.value("place", as: Int.self) - 1]
        let kind = try row.value("kind", as: String.self)
        outcomes[claim] =
          switch kind {
          case "claimed": .claimed
          case "recorded": .recorded(try recorded(row))
          case "held": .held(try row.optional("digest", as: RawUUID.self).map { RequestDigest($0) })
          case "fenced": .fenced
          default:
            throw PostgresError(.decoding, "runtime.claim_executions answered \"\(kind)\"; run `onexctl migrate verify`")
          }
      }
      return outcomes
    }
  }

  public func release(_ claims: [ExecutionClaim]) async throws(StoreError) {
    let parameters = Columns(claims).parameters
    try await PostgresStore.answer { () throws(PostgresError) in
      _ = try await lookups.query("SELECT runtime.release_executions($1, $2, $3, $4, $5, $6, $7)", parameters)
    }
  }
}
