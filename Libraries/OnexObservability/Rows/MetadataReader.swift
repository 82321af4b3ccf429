import OnexCore

/// Gathers what has no column of its own, so that nothing an agent reports is dropped.
enum MetadataReader {
  /// The event's `metadata`, with every field that has no column under `extra`.
  ///
  /// An `extra` that the event brought itself keeps its members; where names meet, the event's own field wins. One that is no
  /// object moves to `extra.extra`.
  static func metadata(of event: JSONObject, for table: ObservabilityTable) throws(FieldProblem) -> JSONObject {
    var metadata = try given(event[ObservabilityTable.metadata])
    let unknown = event.members.filter { member in
      member.name != ObservabilityTable.metadata && !table.columns.contains { $0.name == member.name }
    }
    if !unknown.isEmpty {
      var extra = JSONObject()
      switch metadata[ObservabilityTable.extra] {
      case .object(let brought): extra = brought
      case let other?: extra[ObservabilityTable.extra] = other
      case nil: break
      }
      for member in unknown { extra[member.name] = member.value }
      metadata[ObservabilityTable.extra] = .object(extra)
    }
    guard !hasNUL(.object(metadata)) else {
      throw FieldProblem(
        cause: .nulByte, message: "metadata or an unknown field contains a NUL character, which PostgreSQL cannot store")
    }
    return metadata
  }

  private static func given(_ field: JSONValue?) throws(FieldProblem) -> JSONObject {
    switch field {
    case nil, .null: return JSONObject()
    case .object(let object): return object
    case let other?:
      throw FieldProblem(cause: .wrongType, message: "metadata is \(other.typeName), an object is expected")
    }
  }

  /// Recursion is bounded by the parser's depth.
  private static func hasNUL(_ value: JSONValue) -> Bool {
    switch value {
    case .string(let text): FieldReader.hasNUL(text)
    case .array(let elements): elements.contains(where: hasNUL)
    case .object(let object): object.members.contains { FieldReader.hasNUL($0.name) || hasNUL($0.value) }
    case .null, .boolean, .number: false
    }
  }
}
