import Testing

@testable import OnexCore

@Suite struct LinearPatternTests {
  @Test(arguments: [
    ("abc", "xabcx", true), ("^abc$", "xabc", false), ("^abc$", "abc", true), ("^$", "", true), ("", "anything", true),
    ("a|b|", "", true), ("^(a|bc)+$", "abcbca", true), ("^(a|bc)+$", "abca b", false), ("^a*$", "", true), ("^a+$", "", false),
    ("^a?b$", "b", true), ("^a{2}$", "aa", true), ("^a{2}$", "aaa", false), ("^a{2,}$", "aaaa", true), ("^a{2,}$", "a", false),
    ("^a{0,2}$", "aaa", false), ("^(?:ab){1,2}$", "abab", true), ("^[a-c_]+$", "ab_c", true), ("^[^a-c]$", "b", false),
    ("^[^a-c]$", "\u{1F600}", true), ("^\\d{3}-\\d{4}$", "555-1234", true), ("^\\w+$", "a_1", true), ("^\\w+$", "é", false),
    ("^\\S+\\s\\S+$", "a b", true), ("^[\\d.]+$", "1.2", true), ("^[\\D]$", "1", false), ("^\\.\\/\\\\$", "./\\", true),
    ("^.$", "\n", false), ("^.$", "é", true), ("^\\u00e9\\x41$", "éA", true), ("^[a\\-z]+$", "a-z", true), ("^[]$", "a", false),
    ("^[^]$", "a", true), ("^a+?$", "aaa", true), ("^(a*)*$", "aaa", true), ("^(a*)*b$", "aaa", false), ("(^|,)x", "a,x", true),
    ("x($|,)", "ax", true), ("^https?://", "https://a", true), ("^[a-]$", "-", true), ("^(){5}$", "", true), ("a^b", "ab", false),
  ])
  func matches(pattern: String, text: String, expected: Bool) throws {
    #expect(try LinearPattern(pattern).matches(text) == expected)
  }

  @Test(arguments: [
    "(", ")", "[a", "a{2", "a{3,2}", "a{,2}", "a{1001}", "*a", "a**", "^*", "a\\", "\\1", "(?<n>a)\\k<n>", "\\p{Script=Greek}",
    "\\p{Nonsense}", "\\pL", "\\p{", "(?=a", "(?=a)*", "\\b+", "(?P<n>a)", "(?i)a", "(?<>a)", "(?<1>a)", "\\a", "\\c1",
    "\\u{110000}",
    "\\u{}",
    "\\uD83Dx", "\\uD83D\\u0041", "]", "}", "[z-a]", "[\\p{L}-z]", "[\\d-z]", "\\x4", "\\ud800", "\\x+1",
    "(((a{100}){100}){100})",
  ])
  func whatIsOutsideTheSubsetIsRefused(pattern: String) {
    #expect(throws: LinearPattern.Invalid.self) { try LinearPattern(pattern) }
  }

  @Test(arguments: [
    ("^\\p{Letter}+$", "Ωé", true), ("^\\p{L}+$", "a1", false), ("^\\p{Lu}$", "É", true), ("^\\p{Lu}$", "é", false),
    ("^\\P{L}$", "1", true), ("^\\P{L}$", "a", false), ("^[\\p{L}\\d]+$", "é1", true), ("^[^\\p{L}\\d]+$", "é", false),
    ("^[^\\p{L}]$", "1", true), ("^[\\P{L}a]+$", "1a", true), ("^[\\P{L}a]+$", "b", false), ("^\\p{gc=Nd}$", "٣", true),
    ("^\\d$", "٣", false), ("^\\p{General_Category=Decimal_Number}$", "7", true), ("^\\p{Alphabetic}$", "ß", true),
    ("^\\P{Alphabetic}$", "ß", false), ("^\\p{ASCII}+$", "é", false), ("^\\P{ASCII}+$", "é", true),
    ("^\\p{Any}$", "\u{1F600}", true), ("^\\p{White_Space}$", "\u{85}", true),
    ("^(\\p{Extended_Pictographic}|\\p{Emoji_Component})+$", "👍🏽", true), ("^\\p{Emoji}$", "😀", true),
    ("^\\u{1F600}$", "😀", true), ("^\\uD83D\\uDE00$", "😀", true), ("^\\@\\-$", "@-", true),
    ("^\\cC$", "\u{3}", true), ("^\\cc$", "\u{3}", true), ("^\\p{digit}+$", "৪২", true), ("^[\\b]$", "\u{8}", true),
    ("^\\0$", "\0", true),
  ])
  func unicodePropertiesAndEscapesMatch(pattern: String, text: String, expected: Bool) throws {
    #expect(try LinearPattern(pattern).matches(text) == expected)
  }

  @Test(arguments: [
    ("\\bcat\\b", "a cat.", true), ("\\bcat\\b", "concat", false), ("\\Bcat", "concat", true), ("\\b", "", false),
    ("^(?=.*\\d)(?=.*[a-z]).{4,}$", "abc1", true), ("^(?=.*\\d)(?=.*[a-z]).{4,}$", "abcd", false), ("a(?!b)", "ab", false),
    ("a(?!b)", "abac", true), ("a(?=b)", "ac", false), ("(?<=a)b", "ab", true), ("(?<=a)b", "cb", false),
    ("(?<!a)b", "ab", false),
    ("(?<!a)b", "cb", true), ("^(?!(?:foo|bar)$).*$", "foo", false), ("^(?!(?:foo|bar)$).*$", "food", true),
    ("^(?=a(?!b))a.$", "ac", true), ("^(?=a(?!b))a.$", "ab", false), ("(?<=^ab)c", "abc", true), ("(?<=^b)c", "abc", false),
    ("^(?:(?!--)[a-z-])+$", "a-b", true), ("^(?:(?!--)[a-z-])+$", "a--b", false), ("^(?<year>\\d{4})$", "2026", true),
    ("^(?!\\.)(?!.*\\.\\.)([A-Za-z0-9_'+\\-\\.]*)[A-Za-z0-9_+-]@([A-Za-z0-9][A-Za-z0-9\\-]*\\.)+[A-Za-z]{2,}$", "a.b@c.de", true),
    (
      "^(?!\\.)(?!.*\\.\\.)([A-Za-z0-9_'+\\-\\.]*)[A-Za-z0-9_+-]@([A-Za-z0-9][A-Za-z0-9\\-]*\\.)+[A-Za-z]{2,}$", "a..b@c.de",
      false
    ),
  ])
  func lookAroundsAndWordBoundariesMatch(pattern: String, text: String, expected: Bool) throws {
    #expect(try LinearPattern(pattern).matches(text) == expected)
  }

  @Test(arguments: ["(?=(a+)+$)(a|aa)*b", "^(?!.*(?<=a+)b.*c)(?:a*)*$", "\\b(\\w+\\s?)*!$", "^(\\p{L}|[^\\d])*$"])
  func workGrowsWithTheText(pattern: String) throws {
    let pattern = try LinearPattern(pattern)
    let visits = [1000, 2000, 4000].map { count in
      var visits = 0
      let text = String(repeating: "a", count: count)
      _ = pattern.matches(text, visits: &visits)
      #expect(visits <= pattern.cost(of: text) * 8)
      return visits
    }
    #expect(visits[1] <= visits[0] * 2 + 100 && visits[2] <= visits[1] * 2 + 100, "\(visits)")
  }

  /// Patterns that make a backtracking matcher take longer than the universe has lasted.
  @Test(arguments: ["^(a+)+$", "^(a|a)*$", "^(a|aa)+$", "^(a?){100}a{100}$"])
  func noTextMakesAPatternSlow(pattern: String) throws {
    #expect(try !LinearPattern(pattern).matches(String(repeating: "a", count: 5000) + "!"))
  }
}
