/// Text of a stranger for a terminal.
public enum PrintableText {
  /// Control characters, which would act on the reader's terminal, become U+FFFD; line breaks and tabs stay where asked for.
  public static func of(_ text: String, keepsLines: Bool = false) -> String {
    var clean = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      let isLayout = keepsLines && (scalar == "\n" || scalar == "\t")
      let isControl = scalar.value < 0x20 || (0x7F..<0xA0).contains(scalar.value)
      clean.append(isControl && !isLayout ? "\u{FFFD}" : scalar)
    }
    return String(clean)
  }
}
