import CRdKafka
import OnexCore

extension KafkaAdmin {
  /// Every access control entry of the cluster, sorted.
  ///
  /// - Throws: `.unsupported` when the broker does not know the request (DescribeAcls, API key 29). Of one that has no authorizer
  ///   librdkafka 2.0.2 gives an empty list instead: it does not hand on the error of the answer.
  public func acls() async throws(EventBusError) -> [KafkaACL] {
    let timeoutMS = timeoutMS
    return try await call("kafka-acls") { client throws(EventBusError) in
      let request = AdminRequest(
        client: client, name: "describe access control entries", operation: RD_KAFKA_ADMIN_OP_DESCRIBEACLS, timeoutMS: timeoutMS)
      return try request.acls()
    }
  }

  /// Makes entries; one that exists already is no error (CreateAcls, API key 30).
  ///
  /// - Returns: one outcome for each, in the given order; `nil` when it is made.
  public func create(_ acls: [KafkaACL]) async -> [EventBusError?] {
    await changeACLs("create access control entries", RD_KAFKA_ADMIN_OP_CREATEACLS, acls) {
      request, batch throws(EventBusError) in
      try request.create(batch)
    }
  }

  /// Deletes exactly these entries (DeleteAcls, API key 31).
  ///
  /// - Returns: one outcome for each, in the given order; `nil` when it is gone.
  public func delete(_ acls: [KafkaACL]) async -> [EventBusError?] {
    await changeACLs("delete access control entries", RD_KAFKA_ADMIN_OP_DELETEACLS, acls) {
      request, batch throws(EventBusError) in
      try request.delete(batch)
    }
  }

  private func changeACLs(
    _ name: String, _ operation: rd_kafka_admin_op_t, _ acls: [KafkaACL],
    _ change: @escaping @Sendable (AdminRequest, [KafkaACL]) throws(EventBusError) -> [EventBusError?]
  ) async -> [EventBusError?] {
    let (client, timeoutMS) = (client, timeoutMS)
    guard !acls.isEmpty else { return [] }
    return await AdapterThread.call("kafka-acls") {
      let request = AdminRequest(client: client, name: name, operation: operation, timeoutMS: timeoutMS)
      return AdminRequest.each(acls) { batch throws(EventBusError) in try change(request, Array(batch)) }
    }
  }
}

extension AdminRequest {
  fileprivate func acls() throws(EventBusError) -> [KafkaACL] {
    var text = [CChar](repeating: 0, count: 256)
    guard
      let filter = rd_kafka_AclBindingFilter_new(
        RD_KAFKA_RESOURCE_ANY, nil, RD_KAFKA_RESOURCE_PATTERN_ANY, nil, nil, RD_KAFKA_ACL_OPERATION_ANY,
        RD_KAFKA_ACL_PERMISSION_TYPE_ANY, &text, text.count)
    else { throw EventBusError(.configuration, KafkaClient.string(text)) }
    defer { rd_kafka_AclBinding_destroy(filter) }
    return try ask { options, queue in
      rd_kafka_DescribeAcls(client.handle, filter, options, queue)
    } read: { event in
      var count = 0
      let bindings = rd_kafka_DescribeAcls_result_acls(rd_kafka_event_DescribeAcls_result(event), &count)
      return (0..<count).compactMap { bindings?[$0].map { KafkaACL($0) } }.sorted()
    }
  }

  /// An entry that librdkafka itself refuses fails alone.
  private func handles(
    _ acls: [KafkaACL], _ outcomes: inout [EventBusError?],
    _ make: (KafkaACL, UnsafeMutablePointer<CChar>, Int) -> OpaquePointer?
  ) -> (handles: [OpaquePointer?], asked: [Int]) {
    var (handles, asked): ([OpaquePointer?], [Int]) = ([], [])
    for (index, acl) in acls.enumerated() {
      var text = [CChar](repeating: 0, count: 256)
      guard acl.isComplete, let handle = make(acl, &text, text.count) else {
        outcomes[index] = EventBusError(.configuration, "\(acl): \(KafkaClient.string(text))")
        continue
      }
      handles.append(handle)
      asked.append(index)
    }
    return (handles, asked)
  }

  fileprivate func create(_ acls: [KafkaACL]) throws(EventBusError) -> [EventBusError?] {
    var outcomes = [EventBusError?](repeating: nil, count: acls.count)
    var (handles, asked) = handles(acls, &outcomes) { acl, text, size in
      rd_kafka_AclBinding_new(
        acl.resource.kafka, acl.name, acl.pattern.kafka, acl.principal, acl.host, acl.operation.kafka, acl.permission.kafka, text,
        size)
    }
    defer { for case let handle? in handles { rd_kafka_AclBinding_destroy(handle) } }
    guard !asked.isEmpty else { return outcomes }
    let answers: [EventBusError?] = try ask { options, queue in
      rd_kafka_CreateAcls(client.handle, &handles, handles.count, options, queue)
    } read: { event in
      var count = 0
      let results = rd_kafka_CreateAcls_result_acls(rd_kafka_event_CreateAcls_result(event), &count)
      return (0..<count).map { AdminRequest.failure(rd_kafka_acl_result_error(results?[$0])) }
    }
    AdminRequest.put(answers, asked, &outcomes)
    return outcomes
  }

  fileprivate func delete(_ acls: [KafkaACL]) throws(EventBusError) -> [EventBusError?] {
    var outcomes = [EventBusError?](repeating: nil, count: acls.count)
    var (handles, asked) = handles(acls, &outcomes) { acl, text, size in
      rd_kafka_AclBindingFilter_new(
        acl.resource.kafka, acl.name, acl.pattern.kafka, acl.principal, acl.host, acl.operation.kafka, acl.permission.kafka, text,
        size)
    }
    defer { for case let handle? in handles { rd_kafka_AclBinding_destroy(handle) } }
    guard !asked.isEmpty else { return outcomes }
    let answers: [EventBusError?] = try ask { options, queue in
      rd_kafka_DeleteAcls(client.handle, &handles, handles.count, options, queue)
    } read: { event in
      var count = 0
      let results = rd_kafka_DeleteAcls_result_responses(rd_kafka_event_DeleteAcls_result(event), &count)
      return (0..<count).map { AdminRequest.failure(rd_kafka_DeleteAcls_result_response_error(results?[$0])) }
    }
    AdminRequest.put(answers, asked, &outcomes)
    return outcomes
  }

  private static func put(_ answers: [EventBusError?], _ asked: [Int], _ outcomes: inout [EventBusError?]) {
    for (place, index) in asked.enumerated() {
      outcomes[index] =
        place < answers.count ? answers[place] : EventBusError(.other, "the broker did not answer for this access control entry")
    }
  }

  /// The broker's answer for one entry; `nil` when it did as it was asked.
  private static func failure(_ error: OpaquePointer?) -> EventBusError? {
    guard let error, rd_kafka_error_code(error) != RD_KAFKA_RESP_ERR_NO_ERROR else { return nil }
    return EventBusError(kafka: rd_kafka_error_code(error), rd_kafka_error_string(error).map { String(cString: $0) })
  }
}

extension KafkaACL {
  fileprivate init(_ binding: OpaquePointer) {
    func text(_ value: UnsafePointer<CChar>?) -> String { value.map { String(cString: $0) } ?? "" }
    self.init(
      text(rd_kafka_AclBinding_principal(binding)), Operation(kafka: rd_kafka_AclBinding_operation(binding)),
      Resource(kafka: rd_kafka_AclBinding_restype(binding)), text(rd_kafka_AclBinding_name(binding)),
      pattern: Pattern(kafka: rd_kafka_AclBinding_resource_pattern_type(binding)),
      permission: Permission(kafka: rd_kafka_AclBinding_permission_type(binding)),
      host: text(rd_kafka_AclBinding_host(binding)))
  }
}

extension KafkaACL.Resource {
  /// librdkafka has the protocol's number 4 for brokers' settings, which for access control entries is the cluster.
  fileprivate var kafka: rd_kafka_ResourceType_t {
    switch self {
    case .topic: RD_KAFKA_RESOURCE_TOPIC
    case .group: RD_KAFKA_RESOURCE_GROUP
    case .cluster: RD_KAFKA_RESOURCE_BROKER
    case .other: RD_KAFKA_RESOURCE_UNKNOWN
    }
  }

  fileprivate init(kafka value: rd_kafka_ResourceType_t) { self = Self.allCases.first { $0.kafka == value } ?? .other }
}

extension KafkaACL.Pattern {
  fileprivate var kafka: rd_kafka_ResourcePatternType_t {
    switch self {
    case .literal: RD_KAFKA_RESOURCE_PATTERN_LITERAL
    case .prefixed: RD_KAFKA_RESOURCE_PATTERN_PREFIXED
    case .other: RD_KAFKA_RESOURCE_PATTERN_UNKNOWN
    }
  }

  fileprivate init(kafka value: rd_kafka_ResourcePatternType_t) { self = Self.allCases.first { $0.kafka == value } ?? .other }
}

extension KafkaACL.Operation {
  fileprivate var kafka: rd_kafka_AclOperation_t {
    switch self {
    case .all: RD_KAFKA_ACL_OPERATION_ALL
    case .read: RD_KAFKA_ACL_OPERATION_READ
    case .write: RD_KAFKA_ACL_OPERATION_WRITE
    case .create: RD_KAFKA_ACL_OPERATION_CREATE
    case .delete: RD_KAFKA_ACL_OPERATION_DELETE
    case .alter: RD_KAFKA_ACL_OPERATION_ALTER
    case .describe: RD_KAFKA_ACL_OPERATION_DESCRIBE
    case .clusterAction: RD_KAFKA_ACL_OPERATION_CLUSTER_ACTION
    case .describeConfigs: RD_KAFKA_ACL_OPERATION_DESCRIBE_CONFIGS
    case .alterConfigs: RD_KAFKA_ACL_OPERATION_ALTER_CONFIGS
    case .idempotentWrite: RD_KAFKA_ACL_OPERATION_IDEMPOTENT_WRITE
    case .other: RD_KAFKA_ACL_OPERATION_UNKNOWN
    }
  }

  fileprivate init(kafka value: rd_kafka_AclOperation_t) { self = Self.allCases.first { $0.kafka == value } ?? .other }
}

extension KafkaACL.Permission {
  fileprivate var kafka: rd_kafka_AclPermissionType_t {
    switch self {
    case .allow: RD_KAFKA_ACL_PERMISSION_TYPE_ALLOW
    case .deny: RD_KAFKA_ACL_PERMISSION_TYPE_DENY
    case .other: RD_KAFKA_ACL_PERMISSION_TYPE_UNKNOWN
    }
  }

  fileprivate init(kafka value: rd_kafka_AclPermissionType_t) { self = Self.allCases.first { $0.kafka == value } ?? .other }
}
