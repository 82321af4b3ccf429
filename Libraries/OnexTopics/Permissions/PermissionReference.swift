import OnexCore
import OnexKafka

/// docs/reference/broker-permissions.md: the rights of each participant for people, from what `topic-manager acl` applies.
struct PermissionReference {
  let catalogue: TopicCatalogue

  var text: String {
    let grants = BrokerPermissions(catalogue).grants
    return ([head] + grants.map(section)).joined(separator: "\n")
  }

  private var head: String {
    """
    # Broker permissions

    Generated from the contracts by `\(CatalogueDocument.refreshCommand)`: change those, not this page. `topic-manager acl plan` compares a
    broker with it, `topic-manager acl apply` makes what is missing ([topic-manager](topic-manager.md)).

    Who may write to `effect-responses` or `worker-responses` can answer in the place of the service that does the work, and who may write to
    `responses` can answer any client. So a broker that others reach needs authentication and these permissions: without them a client is
    every service. Permissions are of the whole topic: clients that must not read each other's responses need topics of their own.

    Each right is an *allow* for all hosts on a *literal* name. The principal is `User:<name>` unless `--principal` says otherwise. READ and WRITE
    include DESCRIBE. IDEMPOTENT\\_WRITE on the cluster is for brokers before Apache Kafka 3.0 (KIP-679) and for Redpanda. A client that
    reads with a consumer group needs READ on that group too; `onexctl request` uses none. No program uses transactions.

    """
  }

  private func section(_ grant: BrokerPermissions.Grant) -> String {
    var table = MarkdownTable(["operations", "on", "names"])
    var operations: [Target: [KafkaACL.Operation]] = [:]
    for right in grant.rights {
      operations[Target(resource: right.resource, name: right.name), default: []].append(right.operation)
    }
    var names: [Row: [String]] = [:]
    for (target, operations) in operations {
      let words = operations.map { $0.rawValue.uppercased().replacing("-", with: "_") }.sorted().joined(separator: ", ")
      names[Row(resource: target.resource.rawValue, operations: words), default: []].append(target.name)
    }
    for (row, names) in names.sorted(by: { ($0.key.resource, $0.value.min() ?? "") < ($1.key.resource, $1.value.min() ?? "") }) {
      table.add([row.operations, row.resource, words(names)])
    }
    return "## \(MarkdownTable.escaped(grant.participant))\n\n" + table.text
  }

  private struct Target: Hashable {
    let resource: KafkaACL.Resource
    let name: String
  }

  private struct Row: Hashable {
    let resource: String
    let operations: String
  }

  private func words(_ names: [String]) -> String {
    let all = Set(catalogue.topics.map(\.name.description))
    let absent = all.subtracting(names).sorted()
    guard all.count > 8, absent.count <= 2, Set(names).isSubset(of: all) else { return names.sorted().joined(separator: ", ") }
    return "every declared topic" + (absent.isEmpty ? "" : " but \(absent.joined(separator: ", "))")
  }
}
