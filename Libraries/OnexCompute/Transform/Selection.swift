import OnexCore

/// What `transform.select` keeps of a value: a tree of the segments of all its paths.
struct Selection {
  private var isWhole = false
  /// The members that can index an array, in ascending order.
  private var indices: [(index: Int, selection: ExactText)] = []
  private var members: [ExactText: Selection] = [:]

  init(_ paths: [DottedPath]) {
    for path in paths { add(path.segments[...]) }
    sortIndices()
  }

  private init() {}

  private mutating func add(_ segments: ArraySlice<String>) {
    guard let first = segments.first else {
      isWhole = true
      return
    }
    members[ExactText(first), default: Selection()].add(segments.dropFirst())
  }

  /// Once for all values, since an array is met as often as the data holds one.
  private mutating func sortIndices() {
    for name in members.keys { members[name]?.sortIndices() }
    indices = members.keys.compactMap { name in DottedPath.index(name.text).map { ($0, name) } }.sorted { $0.index < $1.index }
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
      let kept = indices.prefix { $0.index < elements.count }.compactMap { members[$0.selection]?.apply(to: elements[$0.index]) }
      return kept.isEmpty ? nil : .array(kept)
    default: return nil
    }
  }

  func apply(to object: JSONObject) -> JSONObject {
    var kept = JSONObject()
    for member in object.members {
      guard let value = members[ExactText(member.name)]?.apply(to: member.value) else { continue }
      kept.append(member.name, value)
    }
    return kept
  }
}
