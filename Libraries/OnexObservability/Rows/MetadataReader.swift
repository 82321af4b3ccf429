import OnexCore

/// Gathers what has no column of its own, so that nothing an agent reports is dropped.
enum MetadataReader {
  /// The event's `metadata`, with every field that has no column under `extra`.
  ///
  /// An `extra` that the event brought itself keeps its members; where names meet, the event's own field wins. One that is no
  /// object moves to `extra.extra`.
  static func metadata(
    of event: JSONObject, for table: ObservabilityTable, _ reader: inout FieldReader
  ) throws(FieldProblem) -> JSONObject {
    var metadata = try given(event[ObservabilityTable.metadata])
    let unknown = event.members.filter { member in
      member.name != ObservabilityTable.metadata
        && !table.columns.contains { $0.name == member.name && $0.source != .received }
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
    if let stripped = try reader.withoutNUL(.object(metadata), "metadata or an unknown field")?.object { metadata = stripped }
    if reader.hasStripped { metadata[ObservabilityTable.nulStripped] = true }
    guard !metadata.isEmpty, reader.policy.redaction.covers(ObservabilityTable.metadata) else { return metadata }
    return reader.redactor.redacted(metadata) ?? metadata
  }

  private static func given(_ field: JSONValue?) throws(FieldProblem) -> JSONObject {
    switch field {
    case nil, .null: return JSONObject()
    case .object(let object): return object
    case let other?:
      throw FieldProblem(cause: .wrongType, message: "metadata is \(other.typeName), an object is expected")
    }
  }
}
