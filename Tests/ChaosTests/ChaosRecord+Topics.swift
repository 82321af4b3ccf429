import OnexCore
import OnexJSON
import ProcessTestSupport

extension ChaosRecord {
  /// The topics that records of the runtime's own can be put aside to.
  private static let letters = [
    Topics.requests, Topics.responses, Topics.effectRequests, Topics.effectResponses, Topics.workerRequests,
    Topics.workerResponses,
  ].map(Topics.deadLetters)

  /// Reads what lies in the log.
  mutating func read(_ client: Client) async throws {
    for record in try await client.everything(in: Topics.requests) {
      requested.append(try ChaosRecord.json(record)["envelope_id"]?.string ?? "")
    }
    for record in try await client.everything(in: Topics.responses) {
      let response = try ChaosRecord.json(record)
      answers.append(
        Answer(
          request: response["correlation_id"]?.string ?? "", envelopeID: response["envelope_id"]?.string ?? "",
          isSuccess: response["success"]?.boolean ?? false, code: response["error"]?["code"]?.string,
          payload: (response["payload"] ?? response["error"] ?? .null).encoded().text))
    }
    for topic in ChaosRecord.letters {
      // Not every topic has one.
      guard let found = try? await client.everything(in: topic) else { continue }
      deadLetters += found.map { "\(topic)[\($0.source.partition)]@\($0.offset)" }
    }
  }

  private static func json(_ record: ConsumedRecord) throws -> JSONValue { try JSONValue.parse(record.value ?? .empty) }
}
