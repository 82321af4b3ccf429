import OnexCore

/// Reading YAML 1.2 over libyaml.
public enum YAML {
  /// The one document of `text`; an empty text is a null node.
  ///
  /// Refused, each with its position: text that is not UTF-8, a key that is given twice, a key that is no scalar, an alias without
  /// an anchor, tags beyond the core schema's, a second document, and whatever exceeds `limits`.
  ///
  /// - Parameter file: named in problems; the text is not read from it.
  /// - Throws: `YAMLError` with every problem found up to the first that made further reading impossible.
  public static func parse(_ text: Bytes, file: String, limits: YAMLLimits = .standard) throws(YAMLError) -> YAMLNode {
    try EventReader.read(text, file: file) { reader throws(YAMLError) in
      var builder = TreeBuilder(reader, file: file, limits: limits)
      return try builder.document()
    }
  }
}
