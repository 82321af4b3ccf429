import OnexCore
import Testing

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
    "(", ")", "[a", "a{2", "a{3,2}", "a{,2}", "a{1001}", "*a", "a**", "^*", "a\\", "\\1", "\\b", "\\p{L}", "(?=a)", "(?<n>a)",
    "(?!a)", "]",
    "}", "[z-a]", "[\\d-z]", "\\x4", "\\ud800", "\\x+1", "(((a{100}){100}){100})",
  ])
  func whatIsOutsideTheSubsetIsRefused(pattern: String) {
    #expect(throws: LinearPattern.Invalid.self) { try LinearPattern(pattern) }
  }

  /// Patterns that make a backtracking matcher take longer than the universe has lasted.
  @Test(arguments: ["^(a+)+$", "^(a|a)*$", "^(a|aa)+$", "^(a?){100}a{100}$"])
  func noTextMakesAPatternSlow(pattern: String) throws {
    #expect(try !LinearPattern(pattern).matches(String(repeating: "a", count: 5000) + "!"))
  }
}
