import Glibc
import OnexCore

/// Reads `<folder>/forward` and `<folder>/rollback`. Blocks.
public enum MigrationFolder {
  public struct Invalid: Error, Sendable, CustomStringConvertible {
    /// Everything that is wrong with the folder.
    public let problems: [String]
    public var description: String { problems.joined(separator: "\n") }
  }

  private static let fileBytesMax = 4 << 20

  /// - Returns: the migrations, numbered from 1 without a gap.
  public static func load(_ folder: String) throws(Invalid) -> [Migration] {
    var problems: [String] = []
    var migrations: [Migration] = []
    guard let names = names(in: folder + "/forward") else {
      throw Invalid(problems: ["\(folder)/forward cannot be read: it must hold files named NNN_name.sql"])
    }
    for file in names {
      guard let (number, name) = parse(file) else {
        problems.append("\(folder)/forward/\(file): a migration is named NNN_name.sql, with lower-case letters, digits and _")
        continue
      }
      guard let sql = read("\(folder)/forward/\(file)") else {
        problems.append("\(folder)/forward/\(file) cannot be read, or is larger than \(fileBytesMax) bytes")
        continue
      }
      migrations.append(
        Migration(number: number, name: name, sql: sql, rollback: read("\(folder)/rollback/rollback_\(file)")))
    }
    migrations.sort { $0.number < $1.number }
    for (expected, migration) in zip(1..., migrations) where migration.number != expected {
      problems.append("\(folder)/forward: number \(expected) is missing or used twice; \(migration.title) comes in its place")
      break
    }
    if migrations.isEmpty, problems.isEmpty { problems.append("\(folder)/forward holds no migration") }
    guard problems.isEmpty else { throw Invalid(problems: problems) }
    return migrations
  }

  static func parse(_ file: String) -> (number: Int, name: String)? {
    guard file.hasSuffix(".sql") else { return nil }
    let parts = file.dropLast(4).split(separator: "_", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, parts[0].count >= 3, let number = Int(parts[0]), number > 0, !parts[1].isEmpty,
      parts[1].utf8.allSatisfy({ (97...122).contains($0) || (48...57).contains($0) || $0 == 95 })
    else { return nil }
    return (number, String(parts[1]))
  }

  private static func names(in folder: String) -> [String]? {
    guard let stream = opendir(folder) else { return nil }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { field in
        field.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: field.pointee)) { String(cString: $0) }
      }
      if !name.hasPrefix(".") { names.append(name) }
    }
    return names.sorted()
  }

  private static func read(_ path: String) -> Bytes? {
    guard let file = fopen(path, "r") else { return nil }
    defer { fclose(file) }
    var text: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 64 << 10)
    while true {
      let count = fread(&chunk, 1, chunk.count, file)
      if count == 0 { return ferror(file) == 0 ? Bytes(text) : nil }
      text += chunk[..<count]
      guard text.count <= fileBytesMax else { return nil }
    }
  }
}
