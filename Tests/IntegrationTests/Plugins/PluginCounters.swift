import Glibc
import Testing

/// The calls that a C plug-in has counted, read from the library that the test has loaded.
struct PluginCounters {
  private let library: UInt

  init(_ file: String) throws {
    guard let library = dlopen(file, RTLD_NOW | RTLD_NOLOAD) else {
      throw Program.Failed(description: "\(file) is not loaded")
    }
    self.library = UInt(bitPattern: library)
  }

  var starts: Int { symbol("starts") }
  var cancels: Int { symbol("cancels") }
  var releases: Int { symbol("releases") }

  private func symbol(_ name: String) -> Int {
    guard let address = dlsym(UnsafeMutableRawPointer(bitPattern: library), name) else { return -1 }
    return Int(address.load(as: Int32.self))
  }

  /// Asks until it is true; a bound, not a wait, ends a test that would hang.
  func until(_ condition: (PluginCounters) -> Bool) async {
    let deadline = ContinuousClock.now + .seconds(20)
    while ContinuousClock.now < deadline {
      if condition(self) { return }
      await Task.yield()
    }
    Issue.record("never true: starts \(starts), cancels \(cancels), releases \(releases)")
  }
}
