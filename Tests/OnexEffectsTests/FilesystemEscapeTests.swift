import Glibc
import OnexCore
import OnexKernel
import Synchronization
import Testing

@testable import OnexEffects

/// Nobody leaves the allowed paths.
@Suite struct FilesystemEscapeTests {
  private static let operations = ["read", "write", "append", "list", "delete"]

  private func attempt(_ handler: FilesystemHandler, _ verb: String, _ path: String) async -> HandlerError? {
    var payload = JSONObject([("path", .string(path))])
    if verb == "write" || verb == "append" { payload.append("content", "changed") }
    if verb == "append" { payload.append("append", true) }
    return await refusal(handler, verb == "append" ? "filesystem.write" : "filesystem.\(verb)", .object(payload))
  }

  private func handler(_ paths: [String], _ method: BeneathOpener.Method = BeneathOpener.system.method) throws
    -> FilesystemHandler
  {
    try FilesystemHandler(try setup(allowedPaths: paths), opener: BeneathOpener(method))
  }

  @Test(
    arguments: operations, ["/../outside/f", "/a/../../outside/f", "/..", "/./../outside/f", "//..//outside/f", "x/f", "/../"])
  func aPathThatLeavesAsTextIsRefused(verb: String, rest: String) async throws {
    let folder = TemporaryFolder()
    folder.folder("root")
    folder.folder("root/a")
    folder.folder("rootx")
    folder.file("rootx/f", "kept")
    folder.folder("outside")
    folder.file("outside/f", "kept")
    let error = await attempt(try handler([folder.path + "/root"]), verb, folder.path + "/root" + rest)
    #expect(error?.code == .notAllowed)
    #expect(folder.content("outside/f") == "kept")
    #expect(folder.content("rootx/f") == "kept")
  }

  @Test(arguments: operations, BeneathOpener.Method.allCases)
  func aFolderThatIsALinkOutsideIsRefused(verb: String, method: BeneathOpener.Method) async throws {
    let (folder, outside) = (TemporaryFolder(), TemporaryFolder())
    outside.folder("sub")
    outside.file("sub/f", "kept")
    folder.link("absolute", to: outside.path)
    folder.link("relative", to: "../" + String(outside.path.dropFirst("/tmp/".count)))
    folder.link("twice", to: "absolute")
    for link in ["absolute", "relative", "twice"] {
      let name = verb == "list" ? "sub" : "sub/f"
      let error = await attempt(try handler([folder.path], method), verb, "\(folder.path)/\(link)/\(name)")
      #expect(error?.code == .notAllowed, "\(link)")
    }
    #expect(outside.content("sub/f") == "kept")
  }

  @Test(arguments: ["read", "write", "append", "list"], BeneathOpener.Method.allCases)
  func aLastNameThatIsALinkOutsideIsRefused(verb: String, method: BeneathOpener.Method) async throws {
    let (folder, outside) = (TemporaryFolder(), TemporaryFolder())
    outside.file("f", "kept")
    folder.link("link", to: verb == "list" ? outside.path : "\(outside.path)/f")
    folder.link("dangling", to: "\(outside.path)/new")
    let handler = try handler([folder.path], method)
    #expect(await attempt(handler, verb, "\(folder.path)/link")?.code == .notAllowed)
    #expect(await attempt(handler, verb, "\(folder.path)/dangling")?.code == .notAllowed)
    #expect(outside.names() == ["f"])
    #expect(outside.content("f") == "kept")
  }

  @Test(arguments: BeneathOpener.Method.allCases)
  func procsMagicLinksAreRefused(method: BeneathOpener.Method) async throws {
    let handler = try handler(["/proc/\(getpid())"], method)
    for path in ["/proc/\(getpid())/root/etc/passwd", "/proc/\(getpid())/cwd/Package.swift", "/proc/\(getpid())/exe"] {
      #expect(await attempt(handler, "read", path)?.code == .notAllowed, "\(path)")
    }
    #expect(await attempt(handler, "read", "/proc/\(getpid())/status") == nil)
  }

  @Test func aLinkThatStaysInsideIsFollowedByTheKernelOnly() async throws {
    let folder = TemporaryFolder()
    folder.folder("data")
    folder.file("data/f", "inside")
    folder.link("current", to: "data")
    let path = "\(folder.path)/current/f"
    #expect(await attempt(try handler([folder.path], .kernel), "read", path) == nil)
    #expect(await attempt(try handler([folder.path], .stepwise), "read", path)?.code == .notAllowed)
  }

  @Test func theInnermostOfTwoAllowedFoldersIsTheRoot() async throws {
    let folder = TemporaryFolder()
    folder.folder("in")
    folder.file("f", "outer")
    folder.link("in/up", to: "../f")
    #expect(await attempt(try handler([folder.path]), "read", "\(folder.path)/in/up") == nil)
    let both = try handler([folder.path, "\(folder.path)/in"])
    #expect(await attempt(both, "read", "\(folder.path)/in/up")?.code == .notAllowed)
    #expect(await attempt(both, "read", "\(folder.path)/f") == nil)
  }

  /// The classic race: what was a folder when it was looked at is a link when it is used.
  @Test(arguments: BeneathOpener.Method.allCases)
  func aLinkThatIsSwappedInMeanwhileNeverLeadsOut(method: BeneathOpener.Method) async throws {
    let (folder, outside) = (TemporaryFolder(), TemporaryFolder())
    outside.file("f", "secret")
    folder.folder("x")
    folder.file("x/f", "inside")
    folder.link("link", to: outside.path)
    let swapping = Swapping(folder.path)
    let handler = try handler([folder.path], method)
    var inside = 0
    var refused = 0
    // Both outcomes must have been seen for the race to have been one; ten thousand reads are far more than that takes.
    for turn in 0..<10_000 where turn < 150 || inside == 0 || refused == 0 {
      do {
        let answer = try await ask(handler, "filesystem.read", ["path": .string("\(folder.path)/x/f")])
        #expect(answer["content"] == "inside")
        inside += 1
      } catch let error as HandlerError {
        #expect([.notAllowed, .handlerFailed, .handlerUnavailable].contains(error.code))
        refused += 1
      }
      _ = await attempt(handler, "write", "\(folder.path)/x/g")
    }
    swapping.stop()
    #expect(inside > 0 && refused > 0)
    #expect(outside.names() == ["f"])
  }

  @Test func nothingAllowedMeansNothingReachable() async throws {
    let error = await attempt(try handler([]), "read", "/etc/passwd")
    #expect(error?.code == .notAllowed)
    #expect(error?.message.contains("there are none") == true)
    #expect(error?.message.contains("security.allowed_paths of the contract \"the-contract\"") == true)
  }
}

/// A thread that swaps `x` for `link` and back until it is told to stop.
private final class Swapping: Sendable {
  private let isStopped = Atomic(false)
  private let path: String
  private let thread = Mutex(pthread_t())

  init(_ path: String) {
    self.path = path
    thread.withLock { thread in
      let status = pthread_create(
        &thread, nil,
        { pointer in
          guard let pointer else { return nil }
          Unmanaged<Swapping>.fromOpaque(pointer).takeRetainedValue().run()
          return nil
        }, Unmanaged.passRetained(self).toOpaque())
      precondition(status == 0)
    }
  }

  func stop() {
    isStopped.store(true, ordering: .relaxed)
    pthread_join(thread.withLock { $0 }, nil)
  }

  private func run() {
    while !isStopped.load(ordering: .relaxed) {
      for (from, to) in [("x", "folder"), ("link", "x"), ("x", "link"), ("folder", "x")] {
        precondition(rename("\(path)/\(from)", "\(path)/\(to)") == 0)
      }
    }
  }
}
