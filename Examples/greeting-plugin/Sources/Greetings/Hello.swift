import FoundationEssentials
import OnexPluginKit

/// `{"name": "Ada"}` → `{"greeting": "Hello, Ada!"}`
struct Hello: PluginHandler {
  struct Input: Decodable { var name: String }
  struct Output: Encodable { var greeting: String }

  init(_ contract: PluginContract) throws {}

  func handle(_ request: PluginRequest) async throws -> [UInt8] {
    let input = try JSONDecoder().decode(Input.self, from: Data(request.payload))
    guard !input.name.isEmpty else { throw PluginError("SCHEMA_VIOLATION", "name is empty: say whom to greet") }
    return Array(try JSONEncoder().encode(Output(greeting: "Hello, \(input.name)!")))
  }
}
