/// The members of a JSON object in the order they were written.
///
/// Names are compared by their bytes (`ExactText`). Looking a member up costs the same for an object of any size: above
/// `linearMax` members an index by hash is kept, so that an object that somebody sends with 200,000 members is built and read in
/// linear time.
public struct JSONObject: Sendable {
  /// Up to this many members a search is cheaper than an index.
  static let linearMax = 12

  public private(set) var members: [(name: String, value: JSONValue)]
  private var index = NameIndex()

  /// - Parameter members: of several with one name the last counts, in the place of the first.
  public init(_ members: [(String, JSONValue)] = []) {
    self.members = []
    self.members.reserveCapacity(members.count)
    for (name, value) in members { updateValue(value, for: name) }
  }

  public var count: Int { members.count }
  public var isEmpty: Bool { members.isEmpty }

  /// Setting a member keeps its place; setting `nil` removes it, which is linear.
  public subscript(_ name: String) -> JSONValue? {
    get { place(of: name).map { members[$0].value } }
    set {
      if let newValue {
        updateValue(newValue, for: name)
      } else if let place = place(of: name) {
        members.remove(at: place)
        index = NameIndex()
        if count > JSONObject.linearMax { index.rebuild(count) { members[$0].name } }
      }
    }
  }

  /// Sets a member and returns the value that it had before; `nil` when it is new.
  @discardableResult
  public mutating func updateValue(_ value: JSONValue, for name: String) -> JSONValue? {
    if let place = place(of: name) {
      let before = members[place].value
      members[place].value = value
      return before
    }
    append(name, value)
    return nil
  }

  /// Adds a member unless there is one with its name already; `false` when there is.
  @discardableResult
  public mutating func appendIfNew(_ name: String, _ value: JSONValue) -> Bool {
    guard count > JSONObject.linearMax, !index.isFull(for: count + 1) else {
      guard place(of: name) == nil else { return false }
      append(name, value)
      return true
    }
    guard index.insertIfNew(name, at: count, { members[$0].name }) else { return false }
    members.append((name, value))
    return true
  }

  /// Adds a member that is known to be new.
  public mutating func append(_ name: String, _ value: JSONValue) {
    members.append((name, value))
    guard count > JSONObject.linearMax else { return }
    if count == JSONObject.linearMax + 1 || index.isFull(for: count) {
      index.rebuild(count) { members[$0].name }
    } else {
      index.insert(name, at: count - 1)
    }
  }

  public mutating func reserveCapacity(_ count: Int) { members.reserveCapacity(count) }

  private func place(of name: String) -> Int? {
    guard count > JSONObject.linearMax else { return members.firstIndex { $0.name.isExactly(name) } }
    return index.place(of: name) { members[$0].name }
  }
}

/// Places of names by their hash: open addressing with linear probing, at most half full. The hash is seeded at random in each
/// process, so that a sender cannot choose names that collide.
struct NameIndex: Sendable {
  /// A place and 1; 0 for a slot that is free.
  private var slots: [UInt32] = []

  func isFull(for count: Int) -> Bool { count * 2 > slots.count }

  mutating func rebuild(_ count: Int, _ name: (Int) -> String) {
    var capacity = 64
    // Room for twice as many as there are, so that rebuilding costs a constant share of each addition.
    while capacity < count * 4 { capacity *= 2 }
    slots = [UInt32](repeating: 0, count: capacity)
    for place in 0..<count { insert(name(place), at: place) }
  }

  mutating func insert(_ name: String, at place: Int) {
    var slot = firstSlot(name)
    while slots[slot] != 0 { slot = (slot + 1) & (slots.count - 1) }
    slots[slot] = UInt32(truncatingIfNeeded: place + 1)
  }

  /// `false` when the name is there already.
  mutating func insertIfNew(_ name: String, at place: Int, _ nameAt: (Int) -> String) -> Bool {
    var slot = firstSlot(name)
    while slots[slot] != 0 {
      if nameAt(Int(slots[slot]) - 1).isExactly(name) { return false }
      slot = (slot + 1) & (slots.count - 1)
    }
    slots[slot] = UInt32(truncatingIfNeeded: place + 1)
    return true
  }

  func place(of name: String, _ nameAt: (Int) -> String) -> Int? {
    var slot = firstSlot(name)
    while slots[slot] != 0 {
      let place = Int(slots[slot]) - 1
      if nameAt(place).isExactly(name) { return place }
      slot = (slot + 1) & (slots.count - 1)
    }
    return nil
  }

  private func firstSlot(_ name: String) -> Int {
    var hasher = Hasher()
    name.hashBytes(into: &hasher)
    return hasher.finalize() & (slots.count - 1)
  }
}

extension JSONObject: Hashable {
  /// Order does not matter (RFC 8259 section 4).
  public static func == (left: JSONObject, right: JSONObject) -> Bool {
    left.count == right.count && left.members.allSatisfy { right[$0.name] == $0.value }
  }

  /// Names and values: of names alone, an array of like objects would have one hash.
  public func hash(into hasher: inout Hasher) {
    var combined = 0
    for member in members {
      var inner = Hasher()
      member.name.hashBytes(into: &inner)
      inner.combine(member.value)
      combined &+= inner.finalize()
    }
    hasher.combine(count)
    hasher.combine(combined)
  }
}
