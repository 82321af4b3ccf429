import OnexCore

/// Composes the tree from the events (YAML 1.2 section 3.1.2). Recursion is bounded by `YAMLLimits.depthMax`.
struct TreeBuilder {
  /// An anchored node with what a further use of it costs.
  private struct Anchored {
    let node: YAMLNode
    let nodes: Int
    let height: Int
  }

  private let reader: EventReader
  private let file: String
  private let limits: YAMLLimits
  private var anchors: [ExactText: Anchored] = [:]
  private var nodes = 0
  /// Deepest level below the node that is being built.
  private var deepest = 0
  private var problems: [YAMLProblem] = []

  init(_ reader: EventReader, file: String, limits: YAMLLimits) {
    self.reader = reader
    self.file = file
    self.limits = limits
  }

  /// The only document of the stream; a null node for an empty one.
  mutating func document() throws(YAMLError) -> YAMLNode {
    let root: YAMLNode
    do {
      root = try compose()
    } catch {
      throw YAMLError(problems + error.problems)
    }
    guard problems.isEmpty else { throw YAMLError(problems) }
    return root
  }

  private mutating func compose() throws(YAMLError) -> YAMLNode {
    _ = try reader.next()  // The start of the stream.
    guard case let start = try reader.next(), case .documentStart = start.kind else {
      return YAMLNode(.scalar(YAMLScalar(text: "", style: .plain, value: .null)), at: .start)
    }
    let root = try node(try reader.next(), depth: 0)
    _ = try reader.next()  // The end of the document.
    let end = try reader.next()
    if case .documentStart = end.kind {
      note(end.position, "a second document begins here; a file holds one")
    }
    return root
  }

  private mutating func node(_ event: EventReader.Event, depth: Int) throws(YAMLError) -> YAMLNode {
    guard depth <= limits.depthMax else {
      throw fatal(event.position, "nested deeper than \(limits.depthMax) levels")
    }
    let nodesBefore = nodes
    let deepestBefore = deepest
    deepest = depth
    try count(1, event.position)
    let content: YAMLNode.Content
    switch event.kind {
    case .scalar(let text, let style): content = .scalar(scalar(text, style, event))
    case .alias: return try alias(event, depth: depth, deepestBefore: deepestBefore)
    case .sequenceStart:
      checkCollectionTag(event, is: "tag:yaml.org,2002:seq")
      content = .sequence(try elements(depth: depth))
    case .mappingStart:
      checkCollectionTag(event, is: "tag:yaml.org,2002:map")
      content = .mapping(try mapping(depth: depth))
    default: throw fatal(event.position, "a value was expected here")
    }
    let node = YAMLNode(content, at: event.position)
    if let anchor = event.anchor {
      anchors[ExactText(anchor)] = Anchored(node: node, nodes: nodes - nodesBefore, height: deepest - depth)
    }
    deepest = max(deepest, deepestBefore)
    return node
  }

  /// A copy of the anchored node, charged in full: values share memory here, but nobody downstream knows that.
  private mutating func alias(_ event: EventReader.Event, depth: Int, deepestBefore: Int) throws(YAMLError) -> YAMLNode {
    defer { deepest = max(deepest, deepestBefore) }
    let name = event.anchor ?? ""
    guard let anchored = anchors[ExactText(name)] else {
      note(event.position, "the alias *\(name.prefix(40)) names no anchor that is complete before it")
      return YAMLNode(.scalar(YAMLScalar(text: "", style: .plain, value: .null)), at: event.position)
    }
    guard depth + anchored.height <= limits.depthMax else {
      throw fatal(event.position, "with the alias *\(name.prefix(40)) nested deeper than \(limits.depthMax) levels")
    }
    try count(anchored.nodes - 1, event.position)
    deepest = depth + anchored.height
    return anchored.node
  }

  private mutating func elements(depth: Int) throws(YAMLError) -> [YAMLNode] {
    var elements: [YAMLNode] = []
    while true {
      let event = try reader.next()
      if case .sequenceEnd = event.kind { return elements }
      elements.append(try node(event, depth: depth + 1))
    }
  }

  private mutating func mapping(depth: Int) throws(YAMLError) -> YAMLMapping {
    var entries: [YAMLMapping.Entry] = []
    var seen: [ExactText: YAMLPosition] = [:]
    while true {
      let event = try reader.next()
      if case .mappingEnd = event.kind { return YAMLMapping(entries) }
      let key = try node(event, depth: depth + 1)
      let value = try node(try reader.next(), depth: depth + 1)
      guard let name = key.scalar?.text else {
        note(event.position, "a key must be a scalar, not \(key.typeName)")
        continue
      }
      if let first = seen[ExactText(name)] {
        note(event.position, "the key \"\(name.prefix(64))\" is already given at \(first)")
        continue
      }
      seen[ExactText(name)] = event.position
      entries.append(YAMLMapping.Entry(name: name, namePosition: event.position, value: value))
    }
  }

  private mutating func scalar(_ text: String, _ style: YAMLScalar.Style, _ event: EventReader.Event) -> YAMLScalar {
    guard let written = event.tag else {
      let value = style == .plain ? CoreSchema.resolve(plain: text) : .string
      return YAMLScalar(text: text, style: style, value: value)
    }
    if written == "!" { return YAMLScalar(text: text, style: style, value: .string) }
    guard let tag = CoreSchema.Tag(rawValue: written) else {
      note(event.position, "the tag \(written.prefix(64)) is not supported (allowed: !!null, !!bool, !!int, !!float, !!str)")
      return YAMLScalar(text: text, style: style, value: .string)
    }
    guard let value = CoreSchema.resolve(text, as: tag) else {
      note(event.position, "\"\(text.prefix(40))\" is no value of the tag \(written)")
      return YAMLScalar(text: text, style: style, value: .string)
    }
    return YAMLScalar(text: text, style: style, value: value)
  }

  private mutating func checkCollectionTag(_ event: EventReader.Event, is allowed: String) {
    guard let tag = event.tag, tag != allowed, tag != "!" else { return }
    note(event.position, "the tag \(tag.prefix(64)) is not supported here")
  }

  private mutating func count(_ added: Int, _ position: YAMLPosition) throws(YAMLError) {
    nodes += added
    guard nodes <= limits.nodesMax else {
      throw fatal(position, "the document has more than \(limits.nodesMax) nodes, aliases expanded")
    }
  }

  private mutating func note(_ position: YAMLPosition, _ message: String) {
    guard problems.count < limits.problemsMax else { return }
    problems.append(YAMLProblem(.invalidYAML, file: file, at: position, message))
  }

  private func fatal(_ position: YAMLPosition, _ message: String) -> YAMLError {
    YAMLError([YAMLProblem(.invalidYAML, file: file, at: position, message)])
  }
}
