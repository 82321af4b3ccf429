/// Where new identifiers come from. Production draws them at random; a simulation draws them from its seed, so that a failing
/// run can be repeated.
public protocol IDSource: Sendable {
  func next() -> RawUUID
}

extension IDSource {
  /// A number in 0..<1, for jitter: from the same source as identifiers, so that a simulation repeats it too.
  public func nextUnit() -> Double { Double(next().low & 0x1F_FFFF_FFFF_FFFF) / 0x1p53 }
}

/// Identifiers from the system's random number generator (UUIDv4).
public struct RandomIDSource: IDSource {
  public init() {}

  public func next() -> RawUUID {
    var generator = SystemRandomNumberGenerator()
    return RawUUID(random: generator.next(), generator.next())
  }
}
