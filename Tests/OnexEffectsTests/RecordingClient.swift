import OnexCore
import Synchronization

/// Remembers what it was asked to send and answers what it was told to.
final class RecordingClient: HTTPClient {
  private let outcome: Result<HTTPClientResponse, HTTPClientError>
  private let requests = Mutex<[HTTPClientRequest]>([])

  init(_ outcome: Result<HTTPClientResponse, HTTPClientError>) { self.outcome = outcome }

  convenience init(status: Int = 200, headers: [(name: String, value: String)] = [], body: Bytes = .empty) {
    self.init(.success(HTTPClientResponse(status: status, headers: headers, body: body, url: "http://end.test/")))
  }

  var sent: [HTTPClientRequest] { requests.withLock { $0 } }

  func send(_ request: HTTPClientRequest) async throws(HTTPClientError) -> HTTPClientResponse {
    requests.withLock { $0.append(request) }
    return try outcome.get()
  }
}
