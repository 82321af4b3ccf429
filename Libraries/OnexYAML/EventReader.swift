import CYAML
import OnexCore

/// libyaml's event stream: the one place that holds its memory. Valid inside the closure of `read` only.
final class EventReader {
  struct Event {
    enum Kind {
      case scalar(text: String, style: YAMLScalar.Style)
      case alias
      case sequenceStart, sequenceEnd, mappingStart, mappingEnd
      case documentStart, documentEnd, streamStart, streamEnd
    }

    let kind: Kind
    let position: YAMLPosition
    let tag: String?
    let anchor: String?
  }

  private let parser: UnsafeMutablePointer<yaml_parser_t>
  private let text: UnsafeRawBufferPointer
  private let file: String

  private init(_ text: UnsafeRawBufferPointer, file: String) {
    self.text = text
    self.file = file
    parser = .allocate(capacity: 1)
    guard yaml_parser_initialize(parser) == 1 else { preconditionFailure("out of memory for a YAML parser") }
    // Without this a byte order mark could turn the file into UTF-16.
    yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
    yaml_parser_set_input_string(parser, text.baseAddress?.assumingMemoryBound(to: UInt8.self), text.count)
  }

  deinit {
    yaml_parser_delete(parser)
    parser.deallocate()
  }

  private static let byteOrderMark: Bytes = "\u{FEFF}"

  static func read<R>(
    _ text: Bytes, file: String, limits: YAMLLimits, _ body: (EventReader) throws(YAMLError) -> R
  ) throws(YAMLError) -> R {
    var text = text
    // YAML 1.2 section 5.2: a document may begin with a byte order mark, which is no part of its text.
    let mark = byteOrderMark.count
    if text.count >= mark, text.slice(from: 0, count: mark) == byteOrderMark {
      text = text.slice(from: mark, count: text.count - mark)
    }
    let breaks = LineBreak11.problems(in: text, file: file, max: limits.problemsMax)
    guard breaks.isEmpty else { throw YAMLError(breaks) }
    // libyaml wants an address even for nothing.
    if text.isEmpty { text = Bytes("\n") }
    return try text.withUnsafeBytes { buffer throws(YAMLError) in try body(EventReader(buffer, file: file)) }
  }

  func next() throws(YAMLError) -> Event {
    var event = yaml_event_t()
    guard yaml_parser_parse(parser, &event) == 1 else { throw YAMLError([problem()]) }
    defer { yaml_event_delete(&event) }
    return EventReader.copy(event)
  }

  private static func copy(_ event: yaml_event_t) -> Event {
    let position = position(event.start_mark)
    func make(
      _ kind: Event.Kind, tag: UnsafeMutablePointer<UInt8>? = nil, anchor: UnsafeMutablePointer<UInt8>? = nil
    ) -> Event {
      Event(kind: kind, position: position, tag: tag.map { String(cString: $0) }, anchor: anchor.map { String(cString: $0) })
    }
    switch event.type {
    case YAML_SCALAR_EVENT:
      let scalar = event.data.scalar
      let characters = UnsafeBufferPointer(start: scalar.value, count: scalar.length)
      let text = String(decoding: characters, as: UTF8.self)
      return make(.scalar(text: text, style: style(scalar.style)), tag: scalar.tag, anchor: scalar.anchor)
    case YAML_ALIAS_EVENT: return make(.alias, anchor: event.data.alias.anchor)
    case YAML_SEQUENCE_START_EVENT:
      return make(.sequenceStart, tag: event.data.sequence_start.tag, anchor: event.data.sequence_start.anchor)
    case YAML_SEQUENCE_END_EVENT: return make(.sequenceEnd)
    case YAML_MAPPING_START_EVENT:
      return make(.mappingStart, tag: event.data.mapping_start.tag, anchor: event.data.mapping_start.anchor)
    case YAML_MAPPING_END_EVENT: return make(.mappingEnd)
    case YAML_DOCUMENT_START_EVENT: return make(.documentStart)
    case YAML_DOCUMENT_END_EVENT: return make(.documentEnd)
    case YAML_STREAM_START_EVENT: return make(.streamStart)
    default: return make(.streamEnd)
    }
  }

  private static func style(_ style: yaml_scalar_style_t) -> YAMLScalar.Style {
    switch style {
    case YAML_SINGLE_QUOTED_SCALAR_STYLE, YAML_DOUBLE_QUOTED_SCALAR_STYLE: .quoted
    case YAML_LITERAL_SCALAR_STYLE, YAML_FOLDED_SCALAR_STYLE: .block
    default: .plain
    }
  }

  private static func position(_ mark: yaml_mark_t) -> YAMLPosition {
    YAMLPosition(line: Int(mark.line) + 1, column: Int(mark.column) + 1)
  }

  private func problem() -> YAMLProblem {
    let state = parser.pointee
    var message = state.problem.map { String(cString: $0) } ?? "the text is not valid YAML"
    guard state.error != YAML_READER_ERROR else {
      let position = YAMLPosition(ofByte: Int(clamping: state.problem_offset), in: text)
      if state.problem_value >= 0 { message += " (0x\(String(state.problem_value, radix: 16)))" }
      return YAMLProblem(.invalidYAML, file: file, at: position, message)
    }
    if let context = state.context {
      message += " (\(String(cString: context)) that begins at \(EventReader.position(state.context_mark)))"
    }
    return YAMLProblem(.invalidYAML, file: file, at: EventReader.position(state.problem_mark), message)
  }
}

/// The line breaks that YAML 1.1 had and 1.2 has not (section 5.4): U+0085, U+2028 and U+2029. libyaml still ends lines with them, so
/// that a line which no editor and no reviewer sees as one could hold a field. They are refused wherever they stand.
private enum LineBreak11 {
  private static let sequences: [(bytes: [UInt8], name: String, escape: String)] = [
    ([0xC2, 0x85], "U+0085", "\\N"), ([0xE2, 0x80, 0xA8], "U+2028", "\\L"), ([0xE2, 0x80, 0xA9], "U+2029", "\\P"),
  ]

  static func problems(in text: Bytes, file: String, max: Int) -> [YAMLProblem] {
    var problems: [YAMLProblem] = []
    text.withUnsafeBytes { text in
      for index in text.indices where text[index] == 0xC2 || text[index] == 0xE2 {
        guard problems.count < max else { return }
        guard let found = sequences.first(where: { text[index...].starts(with: $0.bytes) }) else { continue }
        problems.append(
          YAMLProblem(
            .invalidYAML, file: file, at: YAMLPosition(ofByte: index, in: text),
            "the character \(found.name) ends a line for some programs and not for others; write it as \"\(found.escape)\" in double quotes"
          ))
      }
    }
    return problems
  }
}
