import OnexCommandLine
import OnexCore
import OnexJSON

/// A response as a person reads it.
enum ResponseText {
  static func human(_ response: JSONValue, _ terminal: Terminal) -> TerminalText {
    let handler = response["handler"]?.string ?? "-"
    let duration = response["duration_ms"]?.number?.literal ?? "-"
    let correlation = response["correlation_id"]?.string ?? "?"
    let head: TerminalText =
      "\(response["operation"]?.string ?? "?")  handler \(handler)  \(duration) ms  correlation \(correlation)"
    guard response["success"] == true else {
      let error = response["error"]
      var text: TerminalText = "\(terminal.coloured(error?["code"]?.string ?? "ERROR", .red))  \(head)"
      text += "\n\(lines: error?["message"]?.string ?? "")"
      if let details = error?["details"] { text += "\n\(lines: IndentedJSON.text(details))" }
      if error?["retryable"] == true { text += "\nthe same request may succeed later" }
      return text
    }
    return "\(terminal.coloured("ok", .green))  \(head)\n\(lines: IndentedJSON.text(response["payload"] ?? .null))"
  }

  /// Prints a response as one line of JSON, or for a person. The JSON is written anew: line breaks between its parts, which whoever
  /// writes to the topic may use, would make several lines of it.
  static func show(_ response: JSONValue, isJSON: Bool, _ terminal: Terminal) {
    if isJSON { terminal.print(response.encoded().text) } else { terminal.print(human(response, terminal)) }
  }

  static func exit(_ response: JSONValue) -> ControlExit { response["success"] == true ? .success : .failed }
}
