/// What the arguments of a service ask for.
enum CommandLineRequest: Equatable {
  case run(flags: Set<String>)
  case checkConfiguration
  case printConfiguration(json: Bool)
  case version
  case help
  /// An argument that does not exist, or that does not go with the others.
  case misuse(String)

  /// - Parameter arguments: without the program's own name.
  init(_ arguments: [String], flags: [ServiceFlag]) {
    var chosen: Set<String> = []
    var actions: [String] = []
    var isJSON = false
    for argument in arguments {
      switch argument {
      case "--help", "-h": actions.append("--help")
      case "--version", "--check-config", "--print-config": actions.append(argument)
      case "--json": isJSON = true
      default:
        guard flags.contains(where: { $0.name == argument }) else {
          self = .misuse("unknown argument \"\(argument)\"")
          return
        }
        chosen.insert(argument)
      }
    }
    self = CommandLineRequest.combine(actions, isJSON, chosen)
  }

  private static func combine(_ actions: [String], _ isJSON: Bool, _ flags: Set<String>) -> CommandLineRequest {
    if actions.contains("--help") { return .help }
    guard actions.count <= 1 else { return .misuse("\(actions.joined(separator: " and ")) do not go together") }
    guard !isJSON || actions == ["--print-config"] else { return .misuse("--json goes with --print-config only") }
    return switch actions.first {
    case "--version": .version
    case "--check-config": .checkConfiguration
    case "--print-config": .printConfiguration(json: isJSON)
    default: .run(flags: flags)
    }
  }
}
