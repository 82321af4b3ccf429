import OnexCommandLine
import OnexCore
import OnexJSON

/// A response as a person reads it.
enum ResponseText {
  static func human(_ response: JSONValue, _ terminal: Terminal) -> String {
    let handler = response["handler"]?.string ?? "-"
    let duration = response["duration_ms"]?.number?.literal ?? "-"
    let head =
      "\(response["operation"]?.string ?? "?")  handler \(handler)  \(duration) ms  correlation \(response["correlation_id"]?.string ?? "?")"
    guard response["success"] == true else {
      let error = response["error"]
      var text = terminal.coloured(error?["code"]?.string ?? "ERROR", .red) + "  " + head
      text += "\n" + PrintableText.of(error?["message"]?.string ?? "", keepsLines: true)
      if let details = error?["details"] { text += "\n" + IndentedJSON.text(details) }
      if error?["retryable"] == true { text += "\nthe same request may succeed later" }
      return text
    }
    return terminal.coloured("ok", .green) + "  " + head + "\n" + IndentedJSON.text(response["payload"] ?? .null)
  }

  static func exit(_ response: JSONValue) -> ControlExit { response["success"] == true ? .success : .failed }
}
