import OnexCore

/// What `transform.select` keeps of a value: a tree of the segments of all its paths.
struct Selection {
  private var isWhole = false
  private var members: [String: Selection] = [:]

  init(_ paths: [DottedPath]) {
    for path in paths { add(path.segments[...]) }
  }

  private init() {}

  private mutating func add(_ segments: ArraySlice<String>) {
    guard let first = segments.first else {
      isWhole = true
      return
    }
    members[first, default: Selection()].add(segments.dropFirst())
  }

  /// The selected part in the order and nesting of `value`; `nil` when nothing of it is selected. Elements that are selected
  /// from an array close up: `["items.2"]` of `{"items": [1, 2, 3]}` is `{"items": [3]}`.
  func apply(to value: JSONValue) -> JSONValue? {
    if isWhole { return value }
    switch value {
    case .object(let object):
      let kept = apply(to: object)
      return kept.isEmpty ? nil : .object(kept)
    case .array(let elements):
      let indices = members.keys.compactMap(DottedPath.index).filter { $0 < elements.count }.sorted()
      let kept = indices.compactMap { members[String($0)]?.apply(to: elements[$0]) }
      return kept.isEmpty ? nil : .array(kept)
    default: return nil
    }
  }

  func apply(to object: JSONObject) -> JSONObject {
    var kept = JSONObject()
    for member in object.members {
      guard let value = members[member.name]?.apply(to: member.value) else { continue }
      kept.append(member.name, value)
    }
    return kept
  }
}
