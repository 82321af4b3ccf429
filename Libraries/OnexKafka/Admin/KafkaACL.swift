/// One access control entry of a cluster (KIP-11; patterns: KIP-290).
public struct KafkaACL: Sendable, Hashable, Comparable, CustomStringConvertible {
  public enum Resource: String, Sendable, Hashable, CaseIterable {
    case topic, group, cluster
    /// A kind that this program does not deal with, such as a transactional id.
    case other
  }

  public enum Pattern: String, Sendable, Hashable, CaseIterable { case literal, prefixed, other }

  public enum Operation: String, Sendable, Hashable, CaseIterable {
    case all, read, write, create, delete, alter, describe
    case clusterAction = "cluster-action"
    case describeConfigs = "describe-configs"
    case alterConfigs = "alter-configs"
    case idempotentWrite = "idempotent-write"
    case other
  }

  public enum Permission: String, Sendable, Hashable, CaseIterable { case allow, deny, other }

  /// The name of the one cluster resource (`Resource.CLUSTER_NAME`).
  public static let clusterName = "kafka-cluster"

  public let principal: String
  public let resource: Resource
  public let name: String
  public let pattern: Pattern
  public let operation: Operation
  public let permission: Permission
  /// `*` for every host.
  public let host: String

  public init(
    _ principal: String, _ operation: Operation, _ resource: Resource, _ name: String, pattern: Pattern = .literal,
    permission: Permission = .allow, host: String = "*"
  ) {
    self.principal = principal
    self.resource = resource
    self.name = name
    self.pattern = pattern
    self.operation = operation
    self.permission = permission
    self.host = host
  }

  public var description: String {
    "\(principal) \(permission.rawValue) \(operation.rawValue) \(resource.rawValue) \(name)"
      + (pattern == .literal ? "" : " (\(pattern.rawValue))") + (host == "*" ? "" : " from \(host)")
  }

  /// By principal, kind of resource, name and operation.
  public static func < (left: KafkaACL, right: KafkaACL) -> Bool {
    if left.principal != right.principal { return left.principal < right.principal }
    if left.resource != right.resource { return left.resource.rawValue < right.resource.rawValue }
    if left.name != right.name { return left.name < right.name }
    if left.operation != right.operation { return left.operation.rawValue < right.operation.rawValue }
    return left.description < right.description
  }

  /// Every part is one that this program knows, so that the entry can be written and deleted as it is described.
  public var isComplete: Bool { resource != .other && pattern != .other && operation != .other && permission != .other }
}
