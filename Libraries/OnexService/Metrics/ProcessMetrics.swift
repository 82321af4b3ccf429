import Glibc
import OnexCore

/// What the kernel knows about this process, under the names that Prometheus client libraries use. Read when asked for.
struct ProcessMetrics: Sendable {
  private let startedAt: Timestamp

  init(startedAt: Timestamp) { self.startedAt = startedAt }

  func prometheusText() -> String {
    gauge("process_resident_memory_bytes", "Resident memory.", String(ProcessMetrics.residentBytes()))
      + metric("process_cpu_seconds_total", "counter", "User and system time used.", ProcessMetrics.cpuSeconds())
      + gauge("process_open_fds", "Open file descriptors.", String(ProcessMetrics.openDescriptors()))
      + gauge("process_max_fds", "Limit of open file descriptors.", String(ProcessMetrics.descriptorsMax()))
      + gauge(
        "process_start_time_seconds", "When the process started, in seconds since 1970.",
        String(Double(startedAt.microseconds) / 1_000_000))
  }

  private func gauge(_ name: String, _ help: String, _ value: String) -> String { metric(name, "gauge", help, value) }

  private func metric(_ name: String, _ kind: String, _ help: String, _ value: String) -> String {
    "# HELP \(name) \(help)\n# TYPE \(name) \(kind)\n\(name) \(value)\n"
  }

  /// Second field of /proc/self/statm, in pages (proc(5)); 0 where /proc is not mounted.
  static func residentBytes() -> Int {
    guard let file = fopen("/proc/self/statm", "re") else { return 0 }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 128)
    guard fgets(&line, Int32(line.count), file) != nil else { return 0 }
    let fields = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self).split(separator: " ")
    return fields.count > 1 ? (Int(fields[1]) ?? 0) * Int(sysconf(Int32(_SC_PAGESIZE))) : 0
  }

  static func cpuSeconds() -> String {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    let microseconds =
      (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1_000_000 + Int(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec)
    return String(Double(microseconds) / 1_000_000)
  }

  static func openDescriptors() -> Int {
    guard let directory = opendir("/proc/self/fd") else { return 0 }
    defer { closedir(directory) }
    // "." and ".." and the descriptor of this very listing are not the process's own.
    var count = -3
    while readdir(directory) != nil { count += 1 }
    return max(count, 0)
  }

  static func descriptorsMax() -> UInt {
    var limit = rlimit()
    getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    return limit.rlim_cur
  }
}
