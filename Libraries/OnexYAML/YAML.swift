import OnexCore

/// Reading YAML 1.2 over libyaml.
public enum YAML {
  /// The one document of `text`; an empty text is a null node.
  ///
  /// A byte order mark at the start is skipped. Refused, each with its position: text that is not UTF-8, the line breaks of YAML 1.1
  /// that 1.2 does not know (U+0085, U+2028, U+2029), a key that is given twice, a key that is no scalar, an alias without
  /// an anchor, tags beyond the core schema's, a second document, and whatever exceeds `limits`.
  ///
  /// - Parameter file: named in problems; the text is not read from it.
  /// - Throws: `YAMLError` with every problem found up to the first that made further reading impossible.
  public static func parse(_ text: Bytes, file: String, limits: YAMLLimits = .standard) throws(YAMLError) -> YAMLNode {
    try EventReader.read(text, file: file, limits: limits) { reader throws(YAMLError) in
      var builder = TreeBuilder(reader, file: file, limits: limits)
      return try builder.document()
    }
  }
}
