/// Where something stands in a file. Lines and columns count from 1; columns count Unicode scalars.
public struct YAMLPosition: Sendable, Hashable, Comparable, CustomStringConvertible {
  public let line: Int
  public let column: Int

  public init(line: Int, column: Int) {
    self.line = line
    self.column = column
  }

  public static let start = YAMLPosition(line: 1, column: 1)

  /// The position of byte `offset` in `text`, for readers that only know offsets.
  public init(ofByte offset: Int, in text: UnsafeRawBufferPointer) {
    var line = 1
    var column = 1
    for byte in text.prefix(max(0, offset)) {
      if byte == UInt8(ascii: "\n") {
        line += 1
        column = 1
      } else if byte & 0xC0 != 0x80 {
        column += 1
      }
    }
    self.init(line: line, column: column)
  }

  public static func < (left: YAMLPosition, right: YAMLPosition) -> Bool {
    (left.line, left.column) < (right.line, right.column)
  }

  public var description: String { "\(line):\(column)" }
}
