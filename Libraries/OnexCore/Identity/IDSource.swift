/// Where new identifiers come from. Production draws them at random; a simulation draws them from its seed, so that a failing
/// run can be repeated.
public protocol IDSource: Sendable {
  func next() -> RawUUID
}

/// Identifiers from the system's random number generator (UUIDv4).
public struct RandomIDSource: IDSource {
  public init() {}

  public func next() -> RawUUID {
    var generator = SystemRandomNumberGenerator()
    return RawUUID(random: generator.next(), generator.next())
  }
}
