import Glibc
import OnexCore

/// The handler plug-ins of one directory: every `*.so` in it, in the order of their names.
public struct PluginDirectory: Sendable {
  /// A file that is no working plug-in.
  public struct Failure: Sendable {
    public let file: String
    public let error: HandlerLoadError
  }

  /// Modules that were loaded, then a stand-in for each file that was not, so that a contract that names its module is told
  /// `IMPORT_ERROR` with the reason and not `MODULE_NOT_FOUND`.
  public let modules: [any HandlerModule]
  public let failures: [Failure]

  /// Loads what is there. A file that fails stops none of the others, and an absent directory is an empty one.
  ///
  /// Loading runs code of the libraries, and nothing is ever unloaded.
  public static func load(_ path: String) -> PluginDirectory {
    var loaded: [PluginModule] = []
    var failed: [FailedPlugin] = []
    var failures: [Failure] = []
    do throws(HandlerLoadError) {
      for file in try libraries(in: path) {
        do throws(HandlerLoadError) {
          let module = try PluginModule(file: file)
          if let other = loaded.first(where: { $0.name == module.name }) {
            throw HandlerLoadError(.importError, "module \(module.name) is already provided by \(other.file)")
          }
          loaded.append(module)
        } catch {
          failures.append(Failure(file: file, error: error))
          failed.append(FailedPlugin(file: file, error: error))
        }
      }
    } catch {
      failures.append(Failure(file: path, error: error))
    }
    return PluginDirectory(modules: loaded as [any HandlerModule] + failed, failures: failures)
  }

  private static func libraries(in path: String) throws(HandlerLoadError) -> [String] {
    guard let directory = opendir(path) else {
      if errno == ENOENT { return [] }
      throw HandlerLoadError(.importError, "the plug-in directory cannot be read: \(String(cString: strerror(errno)))")
    }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { tuple in
        tuple.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) { String(cString: $0) }
      }
      if name.hasSuffix(".so"), !name.hasPrefix(".") { names.append(name) }
    }
    return names.sorted().map { path.hasSuffix("/") ? path + $0 : "\(path)/\($0)" }
  }
}
