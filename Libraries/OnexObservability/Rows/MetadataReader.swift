import OnexCore

/// Gathers the fields that have no column, so that nothing an agent reports is dropped. The time is linear in the event.
enum MetadataReader {
  /// The event's `metadata`, with every field that has no column under `extra`.
  ///
  /// An `extra` that the event brought itself keeps its members; where names meet, the event's own field wins. One that is no
  /// object moves to `extra.extra`.
  static func metadata(
    of event: JSONObject, for table: ObservabilityTable, _ reader: inout FieldReader
  ) throws(FieldProblem) -> JSONObject {
    try reader.budget.check(event.count)
    var metadata = try given(event[ObservabilityTable.metadata])
    let unknown = event.members.filter { !table.fields.contains(Bytes($0.name)) }
    if !unknown.isEmpty { metadata[ObservabilityTable.extra] = .object(extra(metadata[ObservabilityTable.extra], unknown)) }
    if let stripped = try reader.withoutNUL(.object(metadata), "metadata or an unknown field")?.object { metadata = stripped }
    if reader.hasStripped { metadata[ObservabilityTable.nulStripped] = true }
    guard !metadata.isEmpty, reader.policy.redaction.covers(ObservabilityTable.metadata) else { return metadata }
    return try reader.redactor.redacted(metadata, reader.budget) ?? metadata
  }

  private static func extra(_ brought: JSONValue?, _ unknown: [(name: String, value: JSONValue)]) -> JSONObject {
    var members: [(String, JSONValue)]
    switch brought {
    case .object(let object): members = object.members.map { ($0.name, $0.value) }
    case let other?: members = [(ObservabilityTable.extra, other)]
    case nil: return JSONObject(unknown.map { ($0.name, $0.value) })
    }
    var places = Dictionary(uniqueKeysWithValues: members.enumerated().map { (Bytes($1.0), $0) })
    for member in unknown {
      if let place = places[Bytes(member.name)] {
        members[place].1 = member.value
      } else {
        places[Bytes(member.name)] = members.count
        members.append((member.name, member.value))
      }
    }
    return JSONObject(members)
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
