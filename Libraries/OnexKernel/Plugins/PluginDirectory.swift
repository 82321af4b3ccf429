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
  /// Loading runs code of the libraries, and nothing is ever unloaded. What others could have put there is therefore not loaded:
  /// the directory and the files must belong to this process's user or to root and be writable by no one else.
  ///
  /// - Parameter trustedNamespaces: modules, or types inside them. Of a file `lib<Module>.so` whose module has none of these no code
  ///   is run, not even its initialisers. `nil` trusts all.
  public static func load(_ path: String, trustedNamespaces: [String]? = nil) -> PluginDirectory {
    var loaded: [PluginModule] = []
    var failed: [FailedPlugin] = []
    var failures: [Failure] = []
    do throws(HandlerLoadError) {
      for file in try libraries(in: path) {
        do throws(HandlerLoadError) {
          try checkNamespace(of: file, trustedNamespaces)
          try checkOwner(of: file, isDirectory: false)
          let module = try PluginModule(file: file)
          // The namespace was decided by the file's name, so the name must be true.
          if trustedNamespaces != nil, module.name != FailedPlugin.moduleName(of: file) {
            throw HandlerLoadError(
              .namespaceNotTrusted, "the file holds the module \(module.name) and must be called lib\(module.name).so")
          }
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

  private static func checkNamespace(of file: String, _ trusted: [String]?) throws(HandlerLoadError) {
    guard let trusted else { return }
    let module = FailedPlugin.moduleName(of: file)
    guard !trusted.contains(where: { $0 == module || $0.hasPrefix(module + ".") }) else { return }
    throw HandlerLoadError(
      .namespaceNotTrusted,
      "the module \(module) of the file's name is in no trusted namespace (ONEX_TRUSTED_NAMESPACES: "
        + "\(trusted.joined(separator: ", "))); the file is not loaded")
  }

  private static func checkOwner(of path: String, isDirectory: Bool) throws(HandlerLoadError) {
    var status = stat()
    guard (isDirectory ? stat(path, &status) : lstat(path, &status)) == 0 else {
      throw HandlerLoadError(.importError, "cannot be looked at: \(String(cString: strerror(errno)))")
    }
    let kind = isDirectory ? "directory" : "file"
    guard status.st_mode & S_IFMT == (isDirectory ? S_IFDIR : S_IFREG) else {
      throw HandlerLoadError(.importError, "the \(kind) must be a \(kind) itself and not a link or something else")
    }
    guard status.st_uid == geteuid() || status.st_uid == 0 else {
      throw HandlerLoadError(
        .importError,
        "the \(kind) belongs to user \(status.st_uid); it must belong to this process's user (\(geteuid())) or to root")
    }
    guard status.st_mode & (S_IWGRP | S_IWOTH) == 0 else {
      throw HandlerLoadError(
        .importError,
        "the \(kind) can be written to by its group or by others (mode \(String(status.st_mode & 0o7777, radix: 8))); use chmod go-w"
      )
    }
  }

  private static func libraries(in path: String) throws(HandlerLoadError) -> [String] {
    guard let directory = opendir(path) else {
      if errno == ENOENT { return [] }
      throw HandlerLoadError(.importError, "the plug-in directory cannot be read: \(String(cString: strerror(errno)))")
    }
    defer { closedir(directory) }
    try checkOwner(of: path, isDirectory: true)
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
