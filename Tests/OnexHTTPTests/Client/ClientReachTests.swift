import OnexCore
import OnexHTTP
import Testing

@testable import OnexHTTP

@Suite struct ClientReachTests {
  @Test(arguments: [
    "0.0.0.0", "0.255.255.255", "169.254.169.254", "192.0.0.1", "192.0.2.1", "198.18.0.1", "198.19.255.255", "198.51.100.1",
    "203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255", "192.88.99.1", "::", "fe80::1", "fec0::1",
    "ff02::1", "100::1", "2001::1", "2001:db8::1", "2002:7f00:1::", "64:ff9b::7f00:1", "64:ff9b:1::1", "3fff::1", "3fff:fff::1",
    "::7f00:1", "::ffff:169.254.169.254", "4000::1", "5f00::1",
  ])
  func specialAddressesAreOnlyReachedByName(text: String) throws {
    let address = try #require(IPAddress(text))
    #expect(AddressScope(address) == .special)
    #expect(!AddressPermission.global.permits(address))
    #expect(!AddressPermission.namedHost.permits(address))
    #expect(AddressPermission.address(address).permits(address))
    #expect(AddressPermission.any.permits(address))
  }

  @Test(arguments: [
    "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.127.255.255", "127.0.0.1", "127.255.255.254", "172.16.0.1",
    "172.31.255.255", "192.168.1.1", "::1", "fc00::1", "fdff::1", "::ffff:10.0.0.1", "::ffff:127.0.0.1",
  ])
  func privateAddressesAreReachedUnderANameThatIsAllowed(text: String) throws {
    let address = try #require(IPAddress(text))
    #expect(AddressScope(address) == .privateUse)
    #expect(!AddressPermission.global.permits(address))
    #expect(AddressPermission.namedHost.permits(address))
  }

  @Test(arguments: [
    "1.1.1.1", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.0", "169.253.255.255",
    "169.255.0.0", "172.15.255.255", "172.32.0.0", "192.167.255.255", "192.169.0.0", "198.17.255.255", "198.20.0.0",
    "223.255.255.255", "2001:200::1", "2001:db9::1", "2003::1", "2606:4700::1111", "3ffe::1", "3fff:1000::1", "::ffff:8.8.8.8",
  ])
  func theNeighboursOfSpecialRangesAreGlobal(text: String) throws {
    let address = try #require(IPAddress(text))
    #expect(AddressScope(address) == .global)
    #expect(AddressPermission.global.permits(address))
  }

  @Test(arguments: [
    ("example.com", "http://example.com/", true), ("example.com", "http://EXAMPLE.com./", true),
    ("example.com", "http://example.com:8080/", true), ("example.com", "http://a.example.com/", false),
    ("example.com", "http://example.com.evil.test/", false), ("example.com", "http://notexample.com/", false),
    ("*.example.com", "http://a.example.com/", true), ("*.example.com", "http://a.b.example.com/", true),
    ("*.example.com", "http://example.com/", false), ("*.example.com", "http://xexample.com/", false),
    ("example.com:443", "https://example.com/", true), ("example.com:443", "http://example.com/", false),
    ("127.0.0.1", "http://127.0.0.1:1/", true), ("127.0.0.1", "http://0x7f.1/", true), ("127.0.0.1", "http://2130706433/", true),
    ("127.0.0.1", "http://[::ffff:127.0.0.1]/", true), ("::1", "http://[0:0::1]:80/", true),
    ("[::1]:81", "http://[::1]:81/", true), ("[::1]:81", "http://[::1]:82/", false), ("*.1", "http://127.0.0.1/", false),
    ("a:*", "http://a:9/", true), ("[::1]:*", "http://[::1]:9/", true), ("*.a.test:*", "http://b.a.test:9/", true),
  ])
  func aPatternMatchesTheHostThatIsConnectedTo(pattern: String, url: String, matches: Bool) throws {
    let pattern = try #require(HostPattern(pattern))
    #expect(pattern.matches(try RequestURL(url)) == matches)
  }

  @Test(arguments: [
    "", "*", "*.", "http://a", "a/b", "a:0", "a:70000", "a:b", "a b", "*.*.com", "a..b", ".a", "a@b", "::1:zz", ":*", "::1:*",
    "a:80:*", "a:**",
  ])
  func whatIsNoPatternIsNone(text: String) {
    #expect(HostPattern(text) == nil)
  }

  @Test(arguments: [
    "ftp://example.com/", "file:///etc/passwd", "gopher://example.com/", "example.com", "/path", "", "http://", "http://:80/",
    "http://user:secret@example.com/", "http://user@example.com/", "http://example.com:99999/", "http://exa mple.com/",
    "http://example.com/\u{0}", "http://example.com\u{0}.evil.test/", "http://[fe80::1%25eth0]/", "http://exämple.com/",
    "http://example.com%00/", "http://a%2eb@c/", "http://example.com\\@evil.test/", "http://[::1", "http://example.com/\r\nX: y",
  ])
  func whatIsNoPlainHTTPURLIsRefused(text: String) {
    let error = #expect(throws: HTTPClientError.self) { _ = try RequestURL(text) }
    #expect(error?.code == .invalidURL)
    #expect(error.map { !$0.message.contains("secret") } == true)
  }

  @Test func aURLThatIsTooLongIsRefused() {
    let error = #expect(throws: HTTPClientError.self) {
      _ = try RequestURL("http://example.com/" + String(repeating: "a", count: RequestURL.bytesMax))
    }
    #expect(error?.message.contains("longer than 8192 bytes") == true)
  }

  @Test(arguments: [
    ("http://a.test/x/y?q#f", "z", "http://a.test/x/z"), ("http://a.test/x", "//b.test/y", "http://b.test/y"),
    ("https://a.test/x", "/p q", "https://a.test/p%20q"), ("http://a.test/x", "https://c.test:444", "https://c.test:444/"),
  ])
  func aRelativeLocationIsResolved(base: String, location: String, expected: String) throws {
    #expect(try RequestURL(location, relativeTo: RequestURL(base)).text == expected)
  }
}
