import OnexCore

/// Schemas of what the runtime itself defines: envelopes and headers (docs/architecture.md).
enum EnvelopeSchemas {
  static let minimalRequest: JSONValue = [
    "operation": "transform.select",
    "payload": ["data": ["city": "Vienna", "zip": "1010"], "fields": ["city"]],
    "correlation_id": "5b0c2f0e-3c58-4a2e-9d0b-6b7d3f1a2c4d",
  ]

  static func components(_ operations: OperationSchemas) -> [(String, JSONValue)] {
    [
      ("request", request(operations)), ("response", response(operations)), ("error", error), ("recordHeaders", recordHeaders),
      ("cloudEventHeaders", cloudEventHeaders), ("deadLetterHeaders", deadLetterHeaders),
    ]
  }

  private static func text(_ description: String) -> JSONValue { ["type": "string", "description": .string(description)] }

  private static func uuid(_ description: String) -> JSONValue {
    ["type": "string", "format": "uuid", "description": .string(description)]
  }

  private static func time(_ description: String) -> JSONValue {
    ["type": "string", "format": "date-time", "description": .string(description)]
  }

  private static let shared: [(String, JSONValue)] = [
    ("envelope_version", ["type": "string", "pattern": "^1\\.[0-9]+$", "default": .string(Envelope.version)]),
    ("correlation_id", uuid("The same along the whole chain; made when absent.")),
    ("causation_id", uuid("envelope_id of the message that caused this one.")),
    (
      "operation",
      [
        "type": "string", "pattern": "^[a-z][a-z0-9_]*(\\.[a-z][a-z0-9_]*)+$", "maxLength": .integer(Operation.bytesMax),
      ]
    ),
    ("source_node", text("Routing metadata.")), ("target_node", text("Routing metadata.")),
    ("metadata", ["type": "object", "additionalProperties": ["type": "string"], "description": "Carried to the response."]),
  ]

  private static func request(_ operations: OperationSchemas) -> JSONValue {
    let own: [(String, JSONValue)] = [
      (
        "envelope_id",
        uuid("Identity of this message, by which a repeat is known; derived from its place in the log when absent.")
      ),
      (
        "idempotency_key",
        [
          "type": "string", "maxLength": 255,
          "description": "When present it, not envelope_id, identifies the request; a repeat gets the recorded response.",
        ]
      ),
      ("timestamp", time("When it was made.")),
      ("deadline", time("After it the request is answered DEADLINE_EXCEEDED instead of run.")),
      ("payload", ["type": "object", "default": [:], "description": "As the operation's contract says."]),
    ]
    return object(
      "Unknown fields are kept, not refused; a field that is null counts as absent.", required: ["operation"], shared + own,
      conditions(operations.entries.compactMap { entry in entry.input.map { (entry.condition, $0) } }, of: []))
  }

  private static func response(_ operations: OperationSchemas) -> JSONValue {
    let own: [(String, JSONValue)] = [
      ("envelope_id", uuid("Made from the request's, so that a repeated answer is known as one.")),
      ("idempotency_key", text("The request's.")), ("timestamp", time("When it was answered.")),
      ("is_response", ["const": true]), ("success", ["type": "boolean"]),
      ("handler", text("The contract's name of the handler that ran.")),
      ("duration_ms", ["type": "number", "minimum": 0]), ("payload", ["type": "object"]),
      ("error", AsyncAPIDocument.reference("components", "schemas", "error")),
    ]
    let outcome: JSONValue = [
      "oneOf": [
        ["required": ["payload"], "properties": ["success": ["const": true]]],
        ["required": ["error"], "properties": ["success": ["const": false]]],
      ]
    ]
    return object(
      "Unknown fields of the request are in it too.",
      required: ["envelope_version", "envelope_id", "correlation_id", "is_response", "success", "duration_ms", "timestamp"],
      shared + own,
      [outcome]
        + conditions(operations.entries.compactMap { entry in entry.output.map { (entry.condition, $0) } }, of: ["payload"]))
  }

  private static func object(
    _ description: String, required: [String], _ properties: [(String, JSONValue)], _ conditions: [JSONValue]
  ) -> JSONValue {
    var schema = JSONObject([
      ("type", "object"), ("description", .string(description)), ("required", .array(required.map { .string($0) })),
      ("properties", .sorted(properties)),
    ])
    if !conditions.isEmpty { schema.append("allOf", .array(conditions)) }
    return .object(schema)
  }

  /// What the payload is, operation by operation.
  private static func conditions(_ schemas: [(condition: JSONValue, name: String)], of required: [JSONValue]) -> [JSONValue] {
    schemas.map { condition, name in
      [
        "if": ["required": .array(["operation"] + required), "properties": ["operation": condition]],
        "then": ["properties": ["payload": AsyncAPIDocument.reference("components", "schemas", name)]],
      ]
    }
  }

  private static let error: JSONValue = [
    "type": "object", "required": ["code", "message", "retryable"],
    "properties": [
      "code": ["enum": .array(ErrorCode.allCases.map(\.rawValue).sorted().map { .string($0) })],
      "details": ["description": "What a program can use; SCHEMA_VIOLATION names each path."], "message": ["type": "string"],
      "retryable": ["type": "boolean", "description": "Whether the same request may succeed later."],
    ],
  ]

  private static let recordProperties: [(String, JSONValue)] = [
    (RecordHeader.messageID, text("What a repeat is known by.")),
    ("traceparent", text("W3C Trace Context, when the trace is sampled.")),
    ("tracestate", text("W3C Trace Context, when it was given.")), ("retry_count", text("When above zero.")),
  ]

  private static let recordHeaders: JSONValue = ["type": "object", "properties": .sorted(recordProperties)]

  /// CloudEvents 1.0, Kafka protocol binding, binary content mode.
  private static let cloudEventHeaders: JSONValue = [
    "type": "object", "required": ["ce_id", "ce_source", "ce_specversion", "ce_type"],
    "properties": .sorted(
      recordProperties + [
        ("ce_id", ["type": "string"]), ("ce_source", ["type": "string"]), ("ce_specversion", ["const": "1.0"]),
        ("ce_time", ["type": "string", "format": "date-time"]), ("ce_type", ["type": "string"]),
        ("content-type", ["const": "application/json"]),
      ]),
  ]

  private static let deadLetterHeaders: JSONValue = [
    "type": "object", "description": "Besides the original's own.",
    "properties": .sorted(
      [
        (DeadLetterHeader.originalTopic, "Where it was read."), (DeadLetterHeader.originalPartition, "Where it was read."),
        (DeadLetterHeader.originalOffset, "Where it was read."),
        (DeadLetterHeader.originalTimestamp, "The record's own time."),
        (DeadLetterHeader.consumerGroup, "Who could not process it."),
        (DeadLetterHeader.failureReason, "Why, for people."),
        (DeadLetterHeader.errorCode, "Why, for programs: docs/reference/errors.md."),
        (DeadLetterHeader.failureTimestamp, "When it was put away."), (DeadLetterHeader.retryCount, "Attempts before that."),
        (DeadLetterHeader.correlationID, "The request's, where it could be read."),
      ].map { ($0.0, text($0.1)) }),
  ]
}
