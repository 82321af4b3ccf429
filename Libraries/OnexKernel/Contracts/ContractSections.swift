import OnexCore
import OnexYAML

/// Reads the sections that concern a whole contract.
enum ContractSections {
  static func security(_ reader: MappingReader) -> ContractSecurity {
    let fields = ["trusted_namespace", "audit_logging", "requires_authentication", "allowed_hosts", "allowed_paths"]
    guard let section = reader.mapping("security", fields: fields) else { return ContractSecurity() }
    let hosts = section.texts("allowed_hosts") ?? []
    for host in hosts where host.value != ContractSecurity.hostsSetting && !isHost(host.value) {
      section.problems.add(
        .invalidField, at: host.position,
        "security.allowed_hosts: \"\(host.value.prefix(80))\" is no host: a name, an address or *.domain, without scheme, with or without :port; or \(ContractSecurity.hostsSetting)"
      )
    }
    let paths = section.texts("allowed_paths") ?? []
    for path in paths where path.value != ContractSecurity.folderSetting && !isFolder(path.value) {
      section.problems.add(
        .invalidField, at: path.position,
        "security.allowed_paths: \"\(path.value.prefix(80))\" must be absolute and contain no \".\" or \"..\", or be \(ContractSecurity.folderSetting)"
      )
    }
    return ContractSecurity(
      trustedNamespace: section.text("trusted_namespace")?.value, auditLogging: section.flag("audit_logging") ?? false,
      requiresAuthentication: section.flag("requires_authentication") ?? false,
      allowedHosts: hosts.map { $0.value == ContractSecurity.hostsSetting ? $0.value : $0.value.lowercased() },
      allowedPaths: paths.map(\.value))
  }

  static func eventBus(_ reader: MappingReader) -> ContractEventBus {
    let fields = ["subscribe_topics", "publish_topics"]
    guard let section = reader.mapping("event_bus", fields: fields) else { return ContractEventBus() }
    return ContractEventBus(
      subscribeTopics: topics("subscribe_topics", section), publishTopics: topics("publish_topics", section))
  }

  static func streamKey(_ reader: MappingReader) -> JSONPointer? {
    guard let text = reader.text("stream_key") else { return nil }
    guard let pointer = JSONPointer(text.value), !pointer.tokens.isEmpty else {
      reader.problems.add(
        .invalidField, at: text.position, "stream_key must be a JSON pointer into the payload such as /customer_id")
      return nil
    }
    return pointer
  }

  private static func topics(_ field: String, _ section: MappingReader) -> [TopicName] {
    var topics: [TopicName] = []
    for text in section.texts(field) ?? [] {
      do throws(TopicName.Invalid) {
        topics.append(try TopicName(text.value))
      } catch {
        section.problems.add(.invalidField, at: text.position, "\(section.qualified(field)): \(error.description)")
      }
    }
    return topics
  }

  /// A host, or a host and a port; an IPv6 address stands in brackets before a port.
  private static func isHost(_ text: String) -> Bool {
    if isPortlessHost(text) { return true }
    guard let colon = text.lastIndex(of: ":") else { return false }
    let portText = text[text.index(after: colon)...]
    // `:*` names every port, which addresses of the machine itself need.
    guard let port = portText == "*" ? 1 : Int(portText) else { return false }
    let host = text[..<colon]
    let isBracketed = host.hasPrefix("[") && host.hasSuffix("]")
    let name = isBracketed ? host.dropFirst().dropLast() : host
    return (1...65535).contains(port) && isBracketed == name.contains(":") && isPortlessHost(String(name))
  }

  private static func isPortlessHost(_ text: String) -> Bool {
    let name = text.hasPrefix("*.") ? text.dropFirst(2) : text[...]
    let isAddress = name.utf8.allSatisfy { (48...58).contains($0) || (97...102).contains($0) || (65...70).contains($0) }
    if isAddress, name.contains(":") { return name.filter { $0 == ":" }.count >= 2 && name.count == text.count }
    return name.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
      !label.isEmpty && label.first != "-" && label.last != "-" && label.utf8.allSatisfy(isHostByte)
    }
  }

  private static func isHostByte(_ byte: UInt8) -> Bool {
    switch byte {
    case 48...57, 65...90, 97...122, 45, 95: true
    default: false
    }
  }

  private static func isFolder(_ path: String) -> Bool {
    path.hasPrefix("/") && path.split(separator: "/").allSatisfy { $0 != "." && $0 != ".." } && !path.utf8.contains(0)
  }
}
