import OnexCore

/// The arguments of one command, taken apart. Pure.
public struct ArgumentSet: Sendable, Equatable {
  /// What a command accepts.
  public struct Grammar: Sendable {
    /// Option and what its value is called: `("--timeout", "SECONDS")`.
    public var options: [(name: String, value: String)]
    public var flags: [String]
    /// Names of the positional arguments; those in brackets may be left out, and `[name…]` may come any number of times.
    public var positionals: [String]

    public init(options: [(name: String, value: String)] = [], flags: [String] = [], positionals: [String] = []) {
      self.options = options
      self.flags = flags
      self.positionals = positionals
    }

    /// How the command `name` is called, in one line.
    public func usage(_ name: String) -> String {
      var text = "Usage: \(name)"
      for positional in positionals { text += positional.hasPrefix("[") ? " \(positional)" : " <\(positional)>" }
      for option in options { text += " [\(option.name) \(option.value)]" }
      for flag in flags { text += " [\(flag)]" }
      return text
    }
  }

  /// The arguments are not what the command accepts; the message says which and what is.
  public struct Misuse: Error, Equatable {
    public let message: String

    public init(message: String) { self.message = message }
  }

  public private(set) var values: [String: String] = [:]
  public private(set) var flags: Set<String> = []
  public private(set) var positionals: [String] = []

  /// - Parameter arguments: those after the command's name.
  public init(_ arguments: [String], _ grammar: Grammar) throws(Misuse) {
    var rest = arguments[...]
    while let argument = rest.popFirst() {
      if argument == "--" {
        // What follows is meant as it stands, dashes included.
        positionals += rest
        break
      }
      // A single dash is standard input.
      guard argument.hasPrefix("-"), argument != "-" else {
        positionals.append(argument)
        continue
      }
      let parts = argument.split(separator: "=", maxSplits: 1).map(String.init)
      if grammar.flags.contains(argument) {
        flags.insert(argument)
      } else if let option = grammar.options.first(where: { $0.name == parts[0] }) {
        guard let value = parts.count == 2 ? parts[1] : rest.popFirst() else {
          throw Misuse(message: "\(option.name) needs a value: \(option.name) \(option.value)")
        }
        values[option.name] = value
      } else if grammar.flags.contains(parts[0]) {
        throw Misuse(message: "\(parts[0]) takes no value")
      } else {
        let known = grammar.flags + grammar.options.map(\.name)
        let hint = NearestName.suggestion(for: parts[0], among: known).map { "; did you mean \($0)?" } ?? ""
        throw Misuse(message: "unknown option \(parts[0])\(hint)")
      }
    }
    let required = grammar.positionals.filter { !$0.hasPrefix("[") }
    guard positionals.count >= required.count else { throw Misuse(message: "missing \(required[positionals.count])") }
    if grammar.positionals.last?.hasSuffix("…]") == true { return }
    guard positionals.count <= grammar.positionals.count else {
      throw Misuse(message: "unexpected argument \"\(positionals[grammar.positionals.count])\"")
    }
  }

  public func has(_ flag: String) -> Bool { flags.contains(flag) }

  /// Seconds from a millisecond to a day, with or without `s`: `30`, `30s`, `0.5`.
  public func seconds(_ option: String, default value: Duration) throws(Misuse) -> Duration {
    guard let text = values[option] else { return value }
    let digits = text.hasSuffix("s") ? text.dropLast() : text[...]
    // Digits and a point alone: `Double` also reads `0x1p3`, `1e-9` and `infinity`.
    guard digits.utf8.allSatisfy({ (48...57).contains($0) || $0 == 46 }), let seconds = Double(digits), seconds >= 0.001,
      seconds <= 86400
    else { throw Misuse(message: "\(option) must be a number of seconds from 0.001 to 86400, such as 30s, not \"\(text)\"") }
    return .microseconds(Int64(seconds * 1_000_000))
  }

  /// A whole number above 0.
  public func count(_ option: String) throws(Misuse) -> Int? {
    guard let text = values[option] else { return nil }
    guard let count = Int(text), count > 0 else { throw Misuse(message: "\(option) must be a number above 0, not \"\(text)\"") }
    return count
  }
}
