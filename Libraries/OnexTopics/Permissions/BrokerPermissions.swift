import OnexCore
import OnexKafka

/// The rights at the broker that each participant needs, from the same catalogue that the pages about topics are made of. Pure.
struct BrokerPermissions: Sendable {
  /// One participant's rights.
  struct Grant: Sendable, Equatable {
    let participant: String
    /// By kind of resource, name and operation; `principal` is empty in each.
    let rights: [KafkaACL]
  }

  /// Programs that read every topic and send dead letters back: `onexctl`.
  static let operators = "operators"

  /// Services in the order of the catalogue, then the outside, then the operators.
  let grants: [Grant]

  init(_ catalogue: TopicCatalogue) {
    var rights: [String: Set<KafkaACL>] = [:]
    var names: [String] = []
    func grant(_ participant: String, _ operation: KafkaACL.Operation, _ resource: KafkaACL.Resource, _ name: String) {
      rights[participant, default: []].insert(KafkaACL("", operation, resource, name))
    }
    func write(_ participant: String, _ topic: String) {
      grant(participant, .write, .topic, topic)
      // Brokers before Apache Kafka 3.0 (KIP-679), and Redpanda, ask for it; every producer here is idempotent.
      grant(participant, .idempotentWrite, .cluster, KafkaACL.clusterName)
    }
    for participant in catalogue.participants {
      let owner = participant.host ?? participant.name
      if !names.contains(owner) { names.append(owner) }
      if case .service(let group?) = participant.role { grant(owner, .read, .group, group) }
    }
    for link in catalogue.links {
      let owner = link.participant.host ?? link.participant.name
      switch link.direction {
      case .reads:
        grant(owner, .read, .topic, link.topic)
        // What a handler's service cannot process, it puts away as it does with its own.
        let letters = Topics.deadLetters(of: link.topic)
        if link.participant.host != nil, catalogue.isDeclared(letters) { write(owner, letters) }
      case .writes, .deadLetters: write(owner, link.topic)
      }
    }
    for topic in catalogue.topics.map(\.name.description) {
      for operation in [KafkaACL.Operation.create, .describe, .alter, .describeConfigs, .alterConfigs] {
        grant(TopicManager.name, operation, .topic, topic)
      }
      grant(BrokerPermissions.operators, .read, .topic, topic)
      write(BrokerPermissions.operators, topic)
    }
    for participant in catalogue.participants {
      guard case .service(let group?) = participant.role else { continue }
      for reader in [TopicManager.name, BrokerPermissions.operators] { grant(reader, .describe, .group, group) }
    }
    // Whether the broker makes topics by itself, and which settings it knows; the groups of `topic-manager describe`.
    grant(TopicManager.name, .describeConfigs, .cluster, KafkaACL.clusterName)
    grant(TopicManager.name, .describe, .cluster, KafkaACL.clusterName)
    grants = (names + [BrokerPermissions.operators]).map { name in
      Grant(participant: name, rights: (rights[name] ?? []).sorted())
    }
  }

  /// The entries for these principals; a participant without one is left out.
  func acls(_ principals: ACLPrincipals) -> Set<KafkaACL> {
    var all: Set<KafkaACL> = []
    for grant in grants {
      for principal in principals[grant.participant] {
        for right in grant.rights { all.insert(KafkaACL(principal, right.operation, right.resource, right.name)) }
      }
    }
    return all
  }
}

/// The principals that participants authenticate as: `User:<participant>` unless an operator says otherwise.
struct ACLPrincipals: Sendable, Equatable {
  private var named: [String: [String]] = [:]
  private let participants: [String]

  struct Invalid: Error { let message: String }

  init(_ participants: [String]) { self.participants = participants }

  subscript(_ participant: String) -> [String] { named[participant] ?? ["User:\(participant)"] }

  /// Every principal that some participant has.
  var all: Set<String> { Set(participants.flatMap { self[$0] }) }

  /// - Parameter principals: none takes the participant out: its rights are somebody else's concern.
  mutating func set(_ participant: String, _ principals: [String]) throws(Invalid) {
    guard participants.contains(participant) else {
      let hint = NearestName.suggestion(for: participant, among: participants).map { "; did you mean \($0)?" } ?? ""
      throw Invalid(
        message: "there is no participant \"\(participant)\"\(hint); there are: \(participants.joined(separator: ", "))")
    }
    for principal in principals {
      // Kafka's form is type:name. `User:*` would give everyone the rights of one.
      let parts = principal.split(separator: ":", maxSplits: 1)
      guard parts.count == 2, !parts[0].isEmpty, parts[1] != "*", principal.utf8.count <= 1024,
        !principal.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F })
      else {
        throw Invalid(
          message: "the principal of \(participant) must be written type:name, such as User:\(participant), not \"\(principal)\"")
      }
    }
    named[participant] = principals
  }

  /// `NAME=PRINCIPAL`, several separated by commas; a principal with a comma needs a file.
  mutating func read(_ text: String) throws(Invalid) {
    var given: [String: [String]] = [:]
    for part in text.split(separator: ",") {
      let sides = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
      guard sides.count == 2 else {
        throw Invalid(message: "--principal is NAME=PRINCIPAL, such as clients=User:web, not \"\(part)\"")
      }
      given[sides[0], default: []] += sides[1].isEmpty ? [] : [sides[1]]
    }
    for (participant, principals) in given.sorted(by: { $0.key < $1.key }) { try set(participant, principals) }
  }
}
