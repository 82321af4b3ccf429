import Glibc
import OnexCore
import OnexJSON
import OnexKernel
import Testing

@testable import OnexEffects

/// What another user of the machine, or an unusual name, can put into the way of `filesystem.*`.
@Suite struct FilesystemHostileTests {
  private func handler(
    _ path: String, _ method: BeneathOpener.Method = BeneathOpener.system.method
  ) throws -> FilesystemHandler {
    try FilesystemHandler(try setup(allowedPaths: [path]), opener: BeneathOpener(method))
  }

  private func reason(_ error: HandlerError?) -> String? { error?.details?["reason"]?.string }

  @Test func anAllowedFolderThatIsALinkIsRefusedAtTheStart() throws {
    let folder = TemporaryFolder()
    folder.folder("real")
    folder.link("root", to: "\(folder.path)/real")
    let error = #expect(throws: HandlerError.self) { try handler("\(folder.path)/root") }
    #expect(error?.message.contains("is a symbolic link") == true)
  }

  @Test func anAllowedFolderThatOthersCanWriteToIsRefusedAtTheStart() throws {
    let folder = TemporaryFolder()
    chmod(folder.path, 0o777)
    let error = #expect(throws: HandlerError.self) { try handler(folder.path) }
    #expect(error?.message.contains("can be written to by others") == true)
    chmod(folder.path, 0o775)
    _ = try handler(folder.path)
  }

  @Test func anAllowedFolderThatBecomesALinkIsRefusedWhenItIsUsed() async throws {
    let folder = TemporaryFolder()
    folder.folder("root")
    folder.folder("other")
    folder.file("other/secret", "s")
    let handler = try handler("\(folder.path)/root")
    rmdir("\(folder.path)/root")
    folder.link("root", to: "\(folder.path)/other")
    let error = await refusal(handler, "filesystem.read", ["path": .string("\(folder.path)/root/secret")])
    #expect(error?.code == .handlerUnavailable && error?.isRetriable == false)
  }

  @Test(arguments: BeneathOpener.Method.allCases)
  func aFileWithAnotherNameIsNotTouched(method: BeneathOpener.Method) async throws {
    let folder = TemporaryFolder()
    folder.folder("root")
    folder.file("outside", "secret")
    #expect(link("\(folder.path)/outside", "\(folder.path)/root/inside") == 0)
    let handler = try handler("\(folder.path)/root", method)
    let path = JSONValue.string("\(folder.path)/root/inside")
    #expect(await refusal(handler, "filesystem.read", ["path": path])?.code == .notAllowed)
    for appends in [true, false] {
      let write: JSONValue = ["path": path, "content": "x", "append": .boolean(appends)]
      #expect(await refusal(handler, "filesystem.write", write)?.code == .notAllowed)
    }
    #expect(folder.content("outside") == "secret")
    // Deleting takes the one name away.
    #expect(try await ask(handler, "filesystem.delete", ["path": path])["deleted"] == true)
    #expect(folder.content("outside") == "secret")
  }

  @Test func onlyFilesAndLinksAreDeleted() async throws {
    let folder = TemporaryFolder()
    mkfifo("\(folder.path)/pipe", 0o600)
    folder.folder("folder")
    folder.link("link", to: "nowhere")
    let handler = try handler(folder.path)
    #expect(reason(await refusal(handler, "filesystem.delete", ["path": .string("\(folder.path)/pipe")])) == "failed")
    #expect(reason(await refusal(handler, "filesystem.delete", ["path": .string("\(folder.path)/folder")])) == "is_a_folder")
    #expect(try await ask(handler, "filesystem.delete", ["path": .string("\(folder.path)/link")])["deleted"] == true)
    #expect(folder.names() == ["folder", "pipe"])
  }

  @Test func everyNameIsListedAndCanBeToldApart() async throws {
    let folder = TemporaryFolder()
    let names: [[UInt8]] = [
      Array("a\\xff".utf8), [0x61, 0xFF], [0x61, 0xFE], Array("new\nline".utf8), Array("é".utf8), [0x65, 0xCC, 0x81],
    ]
    for name in names {
      let path = folder.path.utf8.map { CChar(bitPattern: $0) } + [47] + name.map { CChar(bitPattern: $0) } + [0]
      let descriptor = open(path, O_CREAT | O_WRONLY, 0o600)
      #expect(descriptor >= 0)
      close(descriptor)
    }
    let listed = try await ask(try handler(folder.path), "filesystem.list", ["path": .string(folder.path)])
    let entries = try #require(listed["entries"]?.array)
    #expect(
      entries.map { $0["name"]?.string.map { Array($0.utf8) } }
        == ["a\\xff", "a\\xfe", "a\\xff", "e\u{301}", "new\nline", "\u{E9}"].map { Array($0.utf8) })
    #expect(entries.map { $0["name_base64"]?.string } == [nil, "Yf4=", "Yf8=", nil, nil, nil])
    for name in names {
      let path = folder.path.utf8.map { CChar(bitPattern: $0) } + [47] + name.map { CChar(bitPattern: $0) } + [0]
      unlink(path)
    }
  }

  @Test func aSparseFileOfTheLargestSizeIsTooLargeToAppendTo() async throws {
    let folder = TemporaryFolder()
    folder.file("sparse", "")
    var size: off_t = .max
    // As large as this file system lets a file be.
    while truncate("\(folder.path)/sparse", size) != 0, size > 1 << 30 { size /= 2 }
    let write: JSONValue = ["path": .string("\(folder.path)/sparse"), "content": "x", "append": true]
    #expect(await refusal(try handler(folder.path), "filesystem.write", write)?.code == .outputTooLarge)
  }

  @Test func pathsAreComparedByTheirBytes() async throws {
    let folder = TemporaryFolder()
    folder.folder("\u{E9}")
    let handler = try handler("\(folder.path)/\u{E9}")
    let error = await refusal(handler, "filesystem.list", ["path": .string("\(folder.path)/e\u{301}")])
    #expect(error?.code == .notAllowed)
  }
}
