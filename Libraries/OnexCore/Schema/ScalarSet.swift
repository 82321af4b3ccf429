/// A set of Unicode scalars, as a character class of a pattern describes one: ranges, general categories and binary properties.
struct ScalarSet: Sendable, Hashable {
  private static let last: UInt32 = 0x10FFFF

  /// Binary properties that the standard library knows. `\P` takes the scalars without them.
  enum Property: String, Sendable, CaseIterable {
    case alphabetic = "Alphabetic"
    case lowercase = "Lowercase"
    case uppercase = "Uppercase"
    case identifierStart = "ID_Start"
    case identifierContinue = "ID_Continue"
    case emoji = "Emoji"
    case emojiPresentation = "Emoji_Presentation"
  }

  /// Ascending and apart once `normalize` has run.
  private(set) var ranges: [ClosedRange<UInt32>]
  /// One bit for each general category.
  private var categories: UInt32 = 0
  private var properties: [Property] = []
  private var absentProperties: [Property] = []
  private var isInverted = false

  init(_ ranges: [ClosedRange<UInt32>] = []) { self.ranges = ranges }

  init(_ scalar: Unicode.Scalar) { ranges = [scalar.value...scalar.value] }

  static let digit = ScalarSet([48...57])
  static let letter = ScalarSet([65...90, 97...122])
  static let word = ScalarSet([48...57, 65...90, 95...95, 97...122])
  /// ECMA-262 WhiteSpace and LineTerminator.
  static let space = ScalarSet([
    9...13, 32...32, 0xA0...0xA0, 0x1680...0x1680, 0x2000...0x200A, 0x2028...0x2029, 0x202F...0x202F, 0x205F...0x205F,
    0x3000...0x3000, 0xFEFF...0xFEFF,
  ])
  /// The scalars that `.` matches.
  static let notLineEnd = ScalarSet([10...10, 13...13, 0x2028...0x2029]).inverted

  mutating func formUnion(_ other: ScalarSet) {
    ranges += other.ranges
    categories |= other.categories
    properties += other.properties
    absentProperties += other.absentProperties
  }

  mutating func normalize() {
    var merged: [ClosedRange<UInt32>] = []
    for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
      if let last = merged.last, range.lowerBound <= last.upperBound {
        merged[merged.count - 1] = last.lowerBound...max(last.upperBound, range.upperBound)
      } else {
        merged.append(range)
      }
    }
    ranges = merged
  }

  /// The complement of a class in brackets. It is not united with anything afterwards.
  var complement: ScalarSet {
    var set = self
    set.isInverted.toggle()
    return set
  }

  /// The complement of a set of ranges, as ranges, so that it can be united with others.
  var inverted: ScalarSet {
    var set = self
    set.normalize()
    var gaps: [ClosedRange<UInt32>] = []
    var next: UInt32 = 0
    for range in set.ranges {
      if range.lowerBound > next { gaps.append(next...range.lowerBound - 1) }
      next = range.upperBound + 1
    }
    if next <= ScalarSet.last { gaps.append(next...ScalarSet.last) }
    return ScalarSet(gaps)
  }

  /// The only member of a set of one range.
  var single: UInt32? {
    let isRange = categories == 0 && properties.isEmpty && absentProperties.isEmpty && !isInverted
    return isRange && ranges.count == 1 && ranges[0].count == 1 ? ranges[0].lowerBound : nil
  }

  func contains(_ scalar: Unicode.Scalar) -> Bool { holds(scalar) != isInverted }

  private func holds(_ scalar: Unicode.Scalar) -> Bool {
    if isInRange(scalar.value) { return true }
    if categories != 0, categories & ScalarSet.bit(scalar.properties.generalCategory) != 0 { return true }
    return properties.contains { $0.isTrue(of: scalar) } || absentProperties.contains { !$0.isTrue(of: scalar) }
  }

  private func isInRange(_ value: UInt32) -> Bool {
    if ranges.count <= 4 { return ranges.contains { $0.contains(value) } }
    var low = 0
    var high = ranges.count
    while low < high {
      let middle = (low + high) / 2
      if ranges[middle].upperBound < value { low = middle + 1 } else { high = middle }
    }
    return low < ranges.count && ranges[low].lowerBound <= value
  }
}

// MARK: Unicode properties

extension ScalarSet {
  /// The set that `\p{name}` stands for, and `\P{name}` when `isNegated` (ECMA-262 tables 67 to 69); `nil` for a property that is not
  /// supported, as scripts are.
  static func property(_ text: String, isNegated: Bool) -> ScalarSet? {
    var name = text
    for prefix in ["General_Category=", "gc="] where name.utf8.starts(with: prefix.utf8) {
      name = String(name.unicodeScalars.dropFirst(prefix.utf8.count))
      return category(name).map { ScalarSet(categories: isNegated ? ~$0 : $0) }
    }
    if let mask = category(name) { return ScalarSet(categories: isNegated ? ~mask : mask) }
    if let ranges = fixed[name] { return isNegated ? ScalarSet(ranges).inverted : ScalarSet(ranges) }
    guard let property = Property(rawValue: name) ?? shortNames[name] else { return nil }
    var set = ScalarSet()
    if isNegated { set.absentProperties = [property] } else { set.properties = [property] }
    return set
  }

  private init(categories: UInt32) {
    self.init()
    self.categories = categories
  }

  private static let shortNames: [String: Property] = [
    "Alpha": .alphabetic, "Lower": .lowercase, "Upper": .uppercase, "IDS": .identifierStart, "IDC": .identifierContinue,
    "EPres": .emojiPresentation,
  ]

  /// The general categories in the order of their bits.
  private static let categories: [(short: String, long: String, value: Unicode.GeneralCategory)] = [
    ("Lu", "Uppercase_Letter", .uppercaseLetter), ("Ll", "Lowercase_Letter", .lowercaseLetter),
    ("Lt", "Titlecase_Letter", .titlecaseLetter), ("Lm", "Modifier_Letter", .modifierLetter),
    ("Lo", "Other_Letter", .otherLetter),
    ("Mn", "Nonspacing_Mark", .nonspacingMark), ("Mc", "Spacing_Mark", .spacingMark), ("Me", "Enclosing_Mark", .enclosingMark),
    ("Nd", "Decimal_Number", .decimalNumber), ("Nl", "Letter_Number", .letterNumber), ("No", "Other_Number", .otherNumber),
    ("Pc", "Connector_Punctuation", .connectorPunctuation), ("Pd", "Dash_Punctuation", .dashPunctuation),
    ("Ps", "Open_Punctuation", .openPunctuation), ("Pe", "Close_Punctuation", .closePunctuation),
    ("Pi", "Initial_Punctuation", .initialPunctuation), ("Pf", "Final_Punctuation", .finalPunctuation),
    ("Po", "Other_Punctuation", .otherPunctuation), ("Sm", "Math_Symbol", .mathSymbol),
    ("Sc", "Currency_Symbol", .currencySymbol), ("Sk", "Modifier_Symbol", .modifierSymbol), ("So", "Other_Symbol", .otherSymbol),
    ("Zs", "Space_Separator", .spaceSeparator), ("Zl", "Line_Separator", .lineSeparator),
    ("Zp", "Paragraph_Separator", .paragraphSeparator), ("Cc", "Control", .control), ("Cf", "Format", .format),
    ("Cs", "Surrogate", .surrogate), ("Co", "Private_Use", .privateUse), ("Cn", "Unassigned", .unassigned),
  ]

  private static let groups = [
    "Letter": "L", "Mark": "M", "Combining_Mark": "M", "Number": "N", "Punctuation": "P", "punct": "P", "Symbol": "S",
    "Separator": "Z", "Other": "C",
  ]

  private static let bitOfCategory: [Unicode.GeneralCategory: UInt32] = {
    var bits: [Unicode.GeneralCategory: UInt32] = [:]
    for (index, category) in categories.enumerated() { bits[category.value] = 1 << UInt32(index) }
    return bits
  }()

  private static func bit(_ category: Unicode.GeneralCategory) -> UInt32 { bitOfCategory[category] ?? 0 }

  private static func category(_ name: String) -> UInt32? {
    if name == "LC" || name == "Cased_Letter" { return 7 }
    if name == "digit" { return bit(.decimalNumber) }
    if name == "cntrl" { return bit(.control) }
    let group = groups[name] ?? (groups.values.contains(name) ? name : nil)
    let members = categories.filter { $0.short == name || $0.long == name || (group.map($0.short.hasPrefix) ?? false) }
    return members.isEmpty ? nil : members.reduce(0) { $0 | bit($1.value) }
  }

  /// Properties that are ranges (Unicode PropList.txt and emoji-data.txt).
  private static let fixed: [String: [ClosedRange<UInt32>]] = [
    "Any": [0...last], "ASCII": [0...127], "ASCII_Hex_Digit": [48...57, 65...70, 97...102], "AHex": [48...57, 65...70, 97...102],
    "White_Space": whiteSpace, "space": whiteSpace, "Emoji_Component": emojiComponents, "EComp": emojiComponents,
    "Extended_Pictographic": pictographs, "ExtPict": pictographs,
  ]

  private static let whiteSpace: [ClosedRange<UInt32>] = [
    9...13, 32...32, 0x85...0x85, 0xA0...0xA0, 0x1680...0x1680, 0x2000...0x200A, 0x2028...0x2029, 0x202F...0x202F,
    0x205F...0x205F,
    0x3000...0x3000,
  ]

  private static let emojiComponents: [ClosedRange<UInt32>] = [
    0x23...0x23, 0x2A...0x2A, 0x30...0x39, 0x200D...0x200D, 0x20E3...0x20E3, 0xFE0F...0xFE0F, 0x1F1E6...0x1F1FF,
    0x1F3FB...0x1F3FF,
    0x1F9B0...0x1F9B3, 0xE0020...0xE007F,
  ]

  private static let pictographs: [ClosedRange<UInt32>] = [
    0xA9...0xA9, 0xAE...0xAE, 0x203C...0x203C, 0x2049...0x2049, 0x2122...0x2122, 0x2139...0x2139, 0x2194...0x2199,
    0x21A9...0x21AA,
    0x231A...0x231B, 0x2328...0x2328, 0x2388...0x2388, 0x23CF...0x23CF, 0x23E9...0x23F3, 0x23F8...0x23FA, 0x24C2...0x24C2,
    0x25AA...0x25AB, 0x25B6...0x25B6, 0x25C0...0x25C0, 0x25FB...0x25FE, 0x2600...0x2605, 0x2607...0x2612, 0x2614...0x2685,
    0x2690...0x2705, 0x2708...0x2712, 0x2714...0x2714, 0x2716...0x2716, 0x271D...0x271D, 0x2721...0x2721, 0x2728...0x2728,
    0x2733...0x2734, 0x2744...0x2744, 0x2747...0x2747, 0x274C...0x274C, 0x274E...0x274E, 0x2753...0x2755, 0x2757...0x2757,
    0x2763...0x2767, 0x2795...0x2797, 0x27A1...0x27A1, 0x27B0...0x27B0, 0x27BF...0x27BF, 0x2934...0x2935, 0x2B05...0x2B07,
    0x2B1B...0x2B1C, 0x2B50...0x2B50, 0x2B55...0x2B55, 0x3030...0x3030, 0x303D...0x303D, 0x3297...0x3297, 0x3299...0x3299,
    0x1F000...0x1F0FF, 0x1F10D...0x1F10F, 0x1F12F...0x1F12F, 0x1F16C...0x1F171, 0x1F17E...0x1F17F, 0x1F18E...0x1F18E,
    0x1F191...0x1F19A, 0x1F1AD...0x1F1E5, 0x1F201...0x1F20F, 0x1F21A...0x1F21A, 0x1F22F...0x1F22F, 0x1F232...0x1F23A,
    0x1F23C...0x1F23F, 0x1F249...0x1F3FA, 0x1F400...0x1F53D, 0x1F546...0x1F64F, 0x1F680...0x1F6FF, 0x1F774...0x1F77F,
    0x1F7D5...0x1F7FF, 0x1F80C...0x1F80F, 0x1F848...0x1F84F, 0x1F85A...0x1F85F, 0x1F888...0x1F88F, 0x1F8AE...0x1F8FF,
    0x1F90C...0x1F93A, 0x1F93C...0x1F945, 0x1F947...0x1FAFF, 0x1FC00...0x1FFFD,
  ]
}

extension ScalarSet.Property {
  fileprivate func isTrue(of scalar: Unicode.Scalar) -> Bool {
    switch self {
    case .alphabetic: scalar.properties.isAlphabetic
    case .lowercase: scalar.properties.isLowercase
    case .uppercase: scalar.properties.isUppercase
    case .identifierStart: scalar.properties.isIDStart
    case .identifierContinue: scalar.properties.isIDContinue
    case .emoji: scalar.properties.isEmoji
    case .emojiPresentation: scalar.properties.isEmojiPresentation
    }
  }
}
