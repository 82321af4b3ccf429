import OnexCore
import Synchronization

/// Identifiers that a seed repeats.
public final class SeededIDSource: IDSource {
  private let random: Mutex<SplitMix>

  public init(seed: UInt64) { random = Mutex(SplitMix(seed: seed)) }

  public func next() -> RawUUID { random.withLock { RawUUID(random: $0.next(), $0.next()) } }
}
