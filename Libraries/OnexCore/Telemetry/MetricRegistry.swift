import Synchronization

/// Every instrument of a process by name and labels. Asking twice for the same one gives the same one.
///
/// Label values come from configuration and contracts, never from messages: their number is bounded.
public final class MetricRegistry: Sendable {
  public typealias Labels = [(name: String, value: String)]

  private enum Instrument {
    case counter(Counter)
    case gauge(Gauge)
    case histogram(Histogram)

    var typeName: String {
      switch self {
      case .counter: "counter"
      case .gauge: "gauge"
      case .histogram: "histogram"
      }
    }
  }

  private struct Family {
    var help: String
    var order: [String] = []
    var instruments: [String: Instrument] = [:]
  }

  private struct State {
    var order: [String] = []
    var families: [String: Family] = [:]
  }

  private let state = Mutex(State())

  public init() {}

  public func counter(_ name: String, help: String, labels: Labels = []) -> Counter {
    let found = instrument(name, help, labels) { .counter(Counter()) }
    guard case .counter(let counter) = found else { preconditionFailure("metric \(name) has two types") }
    return counter
  }

  public func gauge(_ name: String, help: String, labels: Labels = []) -> Gauge {
    let found = instrument(name, help, labels) { .gauge(Gauge()) }
    guard case .gauge(let gauge) = found else { preconditionFailure("metric \(name) has two types") }
    return gauge
  }

  public func histogram(_ name: String, help: String, labels: Labels = []) -> Histogram {
    let found = instrument(name, help, labels) { .histogram(Histogram()) }
    guard case .histogram(let histogram) = found else { preconditionFailure("metric \(name) has two types") }
    return histogram
  }

  private func instrument(_ name: String, _ help: String, _ labels: Labels, _ make: () -> Instrument) -> Instrument {
    let key = MetricRegistry.render(labels)
    return state.withLock { state in
      if state.families[name] == nil {
        state.families[name] = Family(help: help)
        state.order.append(name)
      }
      if let known = state.families[name]?.instruments[key] { return known }
      let made = make()
      state.families[name]?.instruments[key] = made
      state.families[name]?.order.append(key)
      return made
    }
  }

  /// The Prometheus text exposition format, version 0.0.4.
  public func prometheusText() -> String {
    let (order, families) = state.withLock { ($0.order, $0.families) }
    var text = ""
    for name in order {
      guard let family = families[name], let first = family.order.first, let kind = family.instruments[first] else { continue }
      text += "# HELP \(name) \(family.help)\n# TYPE \(name) \(kind.typeName)\n"
      for labels in family.order {
        switch family.instruments[labels] {
        case .counter(let counter): text += "\(name)\(MetricRegistry.braced(labels)) \(counter.value)\n"
        case .gauge(let gauge): text += "\(name)\(MetricRegistry.braced(labels)) \(gauge.value)\n"
        case .histogram(let histogram): text += MetricRegistry.lines(name, labels, histogram)
        case nil: break
        }
      }
    }
    return text
  }

  private static func lines(_ name: String, _ labels: String, _ histogram: Histogram) -> String {
    let state = histogram.read()
    var text = ""
    var cumulative: Int64 = 0
    let prefix = labels.isEmpty ? "" : labels + ","
    for (bound, count) in zip(histogram.bounds, state.counts) {
      cumulative += count
      text += "\(name)_bucket{\(prefix)le=\"\(Double(bound) / 1_000_000)\"} \(cumulative)\n"
    }
    cumulative += state.counts.last ?? 0
    text += "\(name)_bucket{\(prefix)le=\"+Inf\"} \(cumulative)\n"
    text += "\(name)_sum\(braced(labels)) \(Double(state.totalMicroseconds) / 1_000_000)\n"
    text += "\(name)_count\(braced(labels)) \(cumulative)\n"
    return text
  }

  private static func braced(_ labels: String) -> String { labels.isEmpty ? "" : "{\(labels)}" }

  private static func render(_ labels: Labels) -> String {
    labels.map { "\($0.name)=\"\(escape($0.value))\"" }.joined(separator: ",")
  }

  private static func escape(_ value: String) -> String {
    var escaped = ""
    for character in value {
      switch character {
      case "\\": escaped += "\\\\"
      case "\"": escaped += "\\\""
      case "\n": escaped += "\\n"
      default: escaped.append(character)
      }
    }
    return escaped
  }
}
