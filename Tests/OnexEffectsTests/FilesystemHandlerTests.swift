import Glibc
import OnexCore
import OnexJSON
import OnexKernel
import Testing

@testable import OnexEffects

@Suite struct FilesystemHandlerTests {
  private func handler(_ folder: TemporaryFolder, _ method: BeneathOpener.Method = BeneathOpener.system.method) throws
    -> FilesystemHandler
  {
    try FilesystemHandler(try setup(allowedPaths: [folder.path]), opener: BeneathOpener(method))
  }

  private func reason(_ error: HandlerError?) -> String? { error?.details?["reason"]?.string }

  @Test(arguments: BeneathOpener.Method.allCases)
  func whatIsWrittenIsRead(method: BeneathOpener.Method) async throws {
    let folder = TemporaryFolder()
    folder.folder("a")
    let handler = try handler(folder, method)
    let path = JSONValue.string("\(folder.path)/a/b.txt")
    let written = try await ask(handler, "filesystem.write", ["path": path, "content": "één"])
    #expect(written == ["path": path, "bytes": 5])
    let read = try await ask(handler, "filesystem.read", ["path": path])
    #expect(read == ["path": path, "content": "één", "encoding": "utf8", "bytes": 5])
    #expect(try await ask(handler, "filesystem.read", ["path": path, "encoding": "base64"])["content"] == "w6nDqW4=")
  }

  @Test func bytesAreWrittenFromBase64() async throws {
    let folder = TemporaryFolder()
    let handler = try handler(folder)
    let path = JSONValue.string("\(folder.path)/bytes")
    _ = try await ask(handler, "filesystem.write", ["path": path, "content": "/wD+", "encoding": "base64"])
    #expect(try await ask(handler, "filesystem.read", ["path": path, "encoding": "base64"])["content"] == "/wD+")
    #expect(reason(await refusal(handler, "filesystem.read", ["path": path])) == "not_utf8")
  }

  @Test(arguments: BeneathOpener.Method.allCases)
  func writingReplacesAndAppendingAdds(method: BeneathOpener.Method) async throws {
    let folder = TemporaryFolder()
    let handler = try handler(folder, method)
    let path = JSONValue.string("\(folder.path)/log")
    for (content, append) in [("a", true), ("b", true), ("c", false), ("d", true)] as [(JSONValue, JSONValue)] {
      _ = try await ask(handler, "filesystem.write", ["path": path, "content": content, "append": append])
    }
    #expect(folder.content("log") == "cd")
    #expect(folder.names() == ["log"])
  }

  @Test func aReplacedFileKeepsItsMode() async throws {
    let folder = TemporaryFolder()
    folder.file("f", "old")
    chmod("\(folder.path)/f", 0o600)
    _ = try await ask(try handler(folder), "filesystem.write", ["path": .string("\(folder.path)/f"), "content": "new"])
    var status = stat()
    #expect(stat("\(folder.path)/f", &status) == 0 && status.st_mode & 0o777 == 0o600)
    #expect(folder.content("f") == "new")
  }

  @Test func aFailedWriteLeavesNothingBehind() async throws {
    let folder = TemporaryFolder()
    folder.folder("taken")
    let error = await refusal(
      try handler(folder), "filesystem.write", ["path": .string("\(folder.path)/taken"), "content": "x"])
    #expect(reason(error) == "is_a_folder")
    #expect(folder.names() == ["taken"])
  }

  @Test(arguments: BeneathOpener.Method.allCases)
  func aFolderIsListedByName(method: BeneathOpener.Method) async throws {
    let folder = TemporaryFolder()
    folder.file("b", "12345")
    folder.folder("a")
    folder.link("c", to: "/etc/passwd")
    #expect(mkfifo("\(folder.path)/d", 0o600) == 0)
    let handler = try handler(folder, method)
    let entries: JSONValue = [
      ["name": "a", "type": "directory"], ["name": "b", "type": "file", "bytes": 5], ["name": "c", "type": "symlink"],
      ["name": "d", "type": "other"],
    ]
    for path in [folder.path, folder.path + "/", folder.path + "/./"] {
      #expect(try await ask(handler, "filesystem.list", ["path": .string(path)])["entries"] == entries)
    }
    #expect(try await ask(handler, "filesystem.list", ["path": .string("\(folder.path)/a")])["entries"] == [])
    #expect(reason(await refusal(handler, "filesystem.list", ["path": .string("\(folder.path)/b")])) == "not_a_folder")
  }

  @Test(arguments: BeneathOpener.Method.allCases)
  func deletingTwiceIsNoError(method: BeneathOpener.Method) async throws {
    let folder = TemporaryFolder()
    folder.file("f", "")
    let handler = try handler(folder, method)
    let payload: JSONValue = ["path": .string("\(folder.path)/f")]
    #expect(try await ask(handler, "filesystem.delete", payload)["deleted"] == true)
    #expect(try await ask(handler, "filesystem.delete", payload)["deleted"] == false)
    #expect(try await ask(handler, "filesystem.delete", ["path": .string("\(folder.path)/x/f")])["deleted"] == false)
  }

  @Test func onlyFilesAreDeleted() async throws {
    let folder = TemporaryFolder()
    folder.folder("sub")
    let handler = try handler(folder)
    for path in ["\(folder.path)/sub", folder.path] {
      #expect(reason(await refusal(handler, "filesystem.delete", ["path": .string(path)])) == "is_a_folder")
    }
    #expect(folder.names() == ["sub"])
  }

  @Test func deletingALinkLeavesWhatItLeadsTo() async throws {
    let (folder, outside) = (TemporaryFolder(), TemporaryFolder())
    outside.file("f", "kept")
    folder.link("link", to: "\(outside.path)/f")
    let handler = try handler(folder)
    #expect(try await ask(handler, "filesystem.delete", ["path": .string("\(folder.path)/link")])["deleted"] == true)
    #expect(outside.content("f") == "kept")
  }

  @Test func whatDoesNotExistIsSaid() async throws {
    let folder = TemporaryFolder()
    let handler = try handler(folder)
    let error = await refusal(handler, "filesystem.read", ["path": .string("\(folder.path)/nothing")])
    #expect(error?.code == .handlerFailed && error?.isRetriable == false)
    #expect(reason(error) == "not_found")
    let write = await refusal(handler, "filesystem.write", ["path": .string("\(folder.path)/no/f"), "content": ""])
    #expect(reason(write) == "not_found")
  }

  @Test func aFileThatIsTooLargeIsNotRead() async throws {
    let folder = TemporaryFolder()
    folder.file("f", "")
    #expect(truncate("\(folder.path)/f", FileStore.readBytesMax + 1) == 0)
    let error = await refusal(try handler(folder), "filesystem.read", ["path": .string("\(folder.path)/f")])
    #expect(error?.code == .outputTooLarge)
    #expect(error?.message.contains("\(FileStore.readBytesMax) bytes") == true)
  }

  @Test func aFileIsNotAppendedToWithoutEnd() async throws {
    let folder = TemporaryFolder()
    folder.file("f", "")
    #expect(truncate("\(folder.path)/f", FileStore.fileBytesMax) == 0)
    let payload: JSONValue = ["path": .string("\(folder.path)/f"), "content": "x", "append": true]
    #expect(reason(await refusal(try handler(folder), "filesystem.write", payload)) == "too_large")
  }

  /// Opening a pipe waits for its other end, unless it is asked not to.
  @Test(arguments: ["read", "write", "append"])
  func aPipeIsNeitherReadNorWritten(verb: String) async throws {
    let folder = TemporaryFolder()
    #expect(mkfifo("\(folder.path)/pipe", 0o600) == 0)
    var payload = JSONObject([("path", .string("\(folder.path)/pipe"))])
    if verb != "read" { payload.append("content", "x") }
    if verb == "append" { payload.append("append", true) }
    let operation = verb == "read" ? "filesystem.read" : "filesystem.write"
    let error = await refusal(try handler(folder), operation, .object(payload))
    #expect(error?.code == .handlerFailed)
    #expect(folder.names() == ["pipe"])
  }

  @Test(
    arguments: [
      ("filesystem.read", [:], "/path"), ("filesystem.read", ["path": "relative"], "/path"),
      ("filesystem.read", ["path": 1], "/path"),
      ("filesystem.read", ["path": "/a\u{0}b"], "/path"), ("filesystem.write", ["path": "/tmp/onex-none/x"], "/content"),
      ("filesystem.write", ["path": "/tmp/onex-none/x", "content": "*", "encoding": "base64"], "/content"),
      ("filesystem.write", ["path": "/tmp/onex-none/x", "content": "", "append": 1], "/append"),
      ("filesystem.read", ["path": "/tmp/onex-none/x", "encoding": "latin1"], "/encoding"),
    ] as [(String, JSONValue, String)])
  func whatCannotBeDoneIsNamedByItsPath(operation: String, payload: JSONValue, path: String) async throws {
    let handler = try FilesystemHandler(try setup(allowedPaths: ["/tmp/onex-none"]))
    #expect(refusedPath(await refusal(handler, operation, payload)) == path)
  }

  @Test func anAllowedPathThatIsMissingIsTheOperatorsToMake() async throws {
    let handler = try FilesystemHandler(try setup(allowedPaths: ["/tmp/onex-none"]))
    let error = await refusal(handler, "filesystem.list", ["path": "/tmp/onex-none"])
    #expect(error?.code == .handlerUnavailable)
    #expect(error?.message.contains("the allowed path /tmp/onex-none cannot be opened") == true)
  }

  @Test func anUnknownOperationIsAnsweredWithTheKnownOnes() async throws {
    let error = await refusal(try FilesystemHandler(try setup()), "filesystem.move", ["path": "/"])
    #expect(error?.code == .unknownOperation)
  }
}
