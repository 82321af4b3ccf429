import Glibc

/// `CLOCK_REALTIME`, the one reading that the standard library does not offer.
enum SystemWallClock {
  static func microseconds() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000
  }
}
