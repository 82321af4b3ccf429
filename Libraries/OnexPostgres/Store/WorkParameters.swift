import OnexCore

/// What a batch does besides answering, as the further parameters of `runtime.commit`: a column each.
enum WorkParameters {
  static func make(_ batch: CommitBatch) -> [PostgresParameter] {
    entries(batch.entries) + streams(batch.streams) + [.timestamp(batch.time)] + events(batch.streams) + timers(batch)
      + projections(batch.projections)
  }

  private static func entries(_ entries: [CommitEntry]) -> [PostgresParameter] {
    var changes = PostgresArray(of: .boolean, capacity: entries.count)
    var claims = PostgresArray(of: .uuid, capacity: entries.count)
    var fires = PostgresArray(of: .boolean, capacity: entries.count)
    for entry in entries {
      changes.append(entry.changesStreams)
      switch entry.deadline {
      case nil, .opens?:
        claims.append(nil)
        fires.append(false)
      case .response(let id)?:
        claims.append(id)
        fires.append(false)
      case .firing(let id)?:
        claims.append(id)
        fires.append(true)
      }
    }
    return [.array(changes), .array(claims), .array(fires)]
  }

  static func streams(_ streams: [StreamChange]) -> [PostgresParameter] {
    var (handlers, keys) = (PostgresArray(of: .text), PostgresArray(of: .text))
    var (versions, events) = (PostgresArray(of: .bigint), PostgresArray(of: .integer))
    var (states, correlations, closed) = (PostgresArray(of: .text), PostgresArray(of: .uuid), PostgresArray(of: .boolean))
    for change in streams {
      handlers.append(change.stream.handler)
      keys.append(change.stream.key)
      versions.append(change.expectedVersion)
      events.append(Int32(change.events.count))
      states.append(text: change.state)
      correlations.append(change.correlationID.uuid)
      closed.append(change.isClosed)
    }
    return [
      .array(handlers), .array(keys), .array(versions), .array(events), .array(states), .array(correlations), .array(closed),
    ]
  }

  static func events(_ changes: [StreamChange]) -> [PostgresParameter] {
    var (streams, types, payloads) = (PostgresArray(of: .integer), PostgresArray(of: .text), PostgresArray(of: .text))
    var (correlations, causations) = (PostgresArray(of: .uuid), PostgresArray(of: .uuid))
    var times = PostgresArray(of: .timestamptz)
    for (index, change) in changes.enumerated() {
      for event in change.events {
        streams.append(Int32(index + 1))
        types.append(event.type)
        payloads.append(text: event.payload)
        correlations.append(event.correlationID.uuid)
        causations.append(event.causationID?.uuid)
        times.append(event.time)
      }
    }
    return [.array(streams), .array(types), .array(payloads), .array(correlations), .array(causations), .array(times)]
  }

  private static func timers(_ batch: CommitBatch) -> [PostgresParameter] {
    var columns = TimerColumns()
    var cancelled: [RawUUID] = []
    var last: [RawUUID: TimerChange] = [:]
    var order: [RawUUID] = []
    for change in batch.timers {
      let id = change.id
      if last.updateValue(change, forKey: id) == nil { order.append(id) }
    }
    for id in order {
      switch last[id] {
      case .set(let timer)?: columns.add(timer, entry: 0)
      default: cancelled.append(id)
      }
    }
    for (index, entry) in batch.entries.enumerated() {
      if case .opens(let timer)? = entry.deadline { columns.add(timer, entry: Int32(index + 1)) }
    }
    var ids = PostgresArray(of: .uuid)
    for id in cancelled { ids.append(id) }
    return [.array(ids)] + columns.parameters
  }

  private struct TimerColumns {
    private var (entries, ids, due) = (PostgresArray(of: .integer), PostgresArray(of: .uuid), PostgresArray(of: .timestamptz))
    private var (handlers, keys, names) = (PostgresArray(of: .text), PostgresArray(of: .text), PostgresArray(of: .text))
    private var payloads = PostgresArray(of: .bytea)

    mutating func add(_ timer: DurableTimer, entry: Int32) {
      entries.append(entry)
      ids.append(timer.id)
      due.append(timer.due)
      if case .stream(let stream, let name) = timer.purpose {
        handlers.append(stream.handler)
        keys.append(stream.key)
        names.append(name)
      } else {
        handlers.append("")
        keys.append("")
        names.append("")
      }
      payloads.append(bytea: timer.payload)
    }

    var parameters: [PostgresParameter] {
      [.array(entries), .array(ids), .array(due), .array(handlers), .array(keys), .array(names), .array(payloads)]
    }
  }

  static func projections(_ changes: [ProjectionChange]) -> [PostgresParameter] {
    var (names, keys, values) = (PostgresArray(of: .text), PostgresArray(of: .text), PostgresArray(of: .text))
    var (handlers, streams) = (PostgresArray(of: .text), PostgresArray(of: .text))
    for change in lastOfEachRow(changes) {
      names.append(change.projection)
      keys.append(change.key)
      if let value = change.value { values.append(text: value) } else { values.appendNull() }
      handlers.append(change.stream?.handler ?? "")
      streams.append(change.stream?.key ?? "")
    }
    return [.array(names), .array(keys), .array(values), .array(handlers), .array(streams)]
  }

  /// One statement writes a row once.
  private static func lastOfEachRow(_ changes: [ProjectionChange]) -> [ProjectionChange] {
    var seen: Set<[String]> = []
    return changes.reversed().filter { seen.insert([$0.projection, $0.key]).inserted }.reversed()
  }
}
