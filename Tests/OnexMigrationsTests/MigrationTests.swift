import Glibc
import OnexCore
import Testing

@testable import OnexMigrations

@Suite struct MigrationTests {
  private let files = [
    Migration(number: 1, name: "one", sql: "SELECT 1", rollback: "SELECT -1"), Migration(number: 2, name: "two", sql: "SELECT 2"),
  ]

  private func applied(_ number: Int, _ name: String, _ checksum: String?) -> AppliedMigration {
    AppliedMigration(number: number, name: name, checksum: checksum, appliedAt: Timestamp(microseconds: 0))
  }

  private func standings(_ state: MigrationState) -> [MigrationState.Standing] { state.rows.map(\.standing) }

  @Test func anEmptyDatabaseHasEverythingPending() {
    let state = MigrationState(files, applied: [])
    #expect(state.pending == [1, 2] && state.refusals.isEmpty && !state.isCurrent)
  }

  @Test func whatWasAppliedByTheSameFileIsCurrent() {
    let state = MigrationState(files, applied: files.map { applied($0.number, $0.name, $0.checksum) })
    #expect(state.isCurrent)
  }

  @Test func filesThatSomethingElseRanAreTakenOver() {
    let state = MigrationState(files, applied: [applied(1, "one", nil)])
    #expect(standings(state) == [.unchecked, .pending] && state.refusals.isEmpty)
  }

  @Test func anEditedFileIsRefusedByName() throws {
    let state = MigrationState(files, applied: [applied(1, "one", SHA256.hex(of: "SELECT 0"))])
    #expect(standings(state).first == .edited)
    #expect(try #require(state.refusals.first).hasPrefix("001_one was applied and its file has been edited"))
  }

  @Test func aNewerDatabaseIsRefused() throws {
    let state = MigrationState(files, applied: files.map { applied($0.number, $0.name, nil) } + [applied(3, "three", nil)])
    #expect(standings(state).last == .unknown)
    #expect(try #require(state.refusals.first).hasPrefix("003_three is in the database and not among the files"))
  }

  @Test func nothingIsPutInBetween() {
    #expect(!MigrationState(files, applied: [applied(2, "two", nil)]).refusals.isEmpty)
  }

  @Test func aProgramSaysWhatADatabaseLacksAndWhatItDoesNotKnow() {
    let all = Array(1...SchemaVersion.expected)
    #expect(SchemaVersion.mismatch(all) == nil)
    #expect(SchemaVersion.mismatch(all.dropLast())?.hasSuffix("run `onexctl migrate up`") == true)
    #expect(SchemaVersion.mismatch([])?.contains("onexctl migrate up") == true)
    #expect(SchemaVersion.mismatch(all + [all.count + 1])?.contains("newer version") == true)
  }

  @Test(arguments: [("001_a.sql", 1, "a"), ("0012_two_words2.sql", 12, "two_words2")])
  func namesAreRead(_ file: String, _ number: Int, _ name: String) throws {
    let parsed = try #require(MigrationFolder.parse(file))
    #expect(parsed.number == number && parsed.name == name)
  }

  @Test(arguments: ["1_a.sql", "001.sql", "001_.sql", "001_A.sql", "000_a.sql", "001_a.txt", "abc_a.sql"])
  func otherNamesAreRefused(_ file: String) { #expect(MigrationFolder.parse(file) == nil) }

  /// The files that come with this version are what it expects, and each can be taken back.
  @Test func theShippedFilesAreWhatThisVersionExpects() throws {
    let repository = "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
    let shipped = try MigrationFolder.load(repository + "/migrations")
    #expect(shipped.count == SchemaVersion.expected)
    for migration in shipped {
      #expect(migration.rollback != nil, "\(migration.title)")
      #expect(
        migration.sql.text.contains(
          "INSERT INTO onex_migrations (number, name) VALUES (\(migration.number), '\(migration.name)')"))
      #expect(migration.rollback?.text.contains("DELETE FROM onex_migrations WHERE number = \(migration.number);") == true)
    }
  }

  @Test func everythingWrongWithAFolderIsSaidAtOnce() throws {
    let folder = try #require(mkdtemp(strdup("/tmp/onex-migrations.XXXXXX")).map { String(cString: $0) })
    defer { for path in ["/forward/one.sql", "/forward/002_b.sql", "/forward", ""] { remove(folder + path) } }
    mkdir(folder + "/forward", 0o700)
    for name in ["one.sql", "002_b.sql"] { fclose(fopen("\(folder)/forward/\(name)", "w")) }
    do {
      _ = try MigrationFolder.load(folder)
      Issue.record("the folder is accepted")
    } catch {
      #expect(error.problems.count == 2)
      #expect(error.description.contains("one.sql") && error.description.contains("number 1 is missing"))
    }
  }
}
