import CPostgres
import Glibc

/// Arrays of C strings, as `PQconnectStartParams` takes them.
enum CStrings {
  /// A null-terminated array of `strings`, valid only inside `body`.
  static func withPointers<R>(_ strings: [String], _ body: (UnsafePointer<UnsafePointer<CChar>?>) -> R) -> R {
    let copies = strings.map { strdup($0) }
    defer { for copy in copies { free(copy) } }
    let pointers = copies.map { UnsafePointer($0) } + [nil]
    return pointers.withUnsafeBufferPointer { buffer in
      guard let base = buffer.baseAddress else { preconditionFailure("an array with an element has an address") }
      return body(base)
    }
  }
}

/// The parallel arrays that `PQsendQueryParams` takes.
enum ParameterArrays {
  typealias Pointers<T> = UnsafePointer<T>?

  static func with<R>(
    _ parameters: [PostgresParameter],
    _ body: (Int32, Pointers<Oid>, Pointers<UnsafePointer<CChar>?>, Pointers<Int32>, Pointers<Int32>) -> R
  ) -> R {
    let types = parameters.map { Oid($0.oid) }
    let lengths = parameters.map { Int32($0.bytes?.count ?? 0) }
    let formats: [Int32] = parameters.map { $0.isBinary ? 1 : 0 }
    // One buffer for all values. libpq reads text values to their NUL, so each value is followed by one.
    let size = parameters.reduce(0) { $0 + ($1.bytes?.count ?? 0) + 1 }
    return withUnsafeTemporaryAllocation(byteCount: max(size, 1), alignment: 1) { buffer in
      var position = 0
      let values: [UnsafePointer<CChar>?] = parameters.map { parameter in
        guard let bytes = parameter.bytes, let base = buffer.baseAddress else { return nil }
        let start = base + position
        bytes.withUnsafeBytes { source in
          if let first = source.baseAddress { start.copyMemory(from: first, byteCount: source.count) }
        }
        (start + bytes.count).storeBytes(of: 0, as: UInt8.self)
        position += bytes.count + 1
        return UnsafePointer(start.assumingMemoryBound(to: CChar.self))
      }
      return body(Int32(parameters.count), types, values, lengths, formats)
    }
  }
}
