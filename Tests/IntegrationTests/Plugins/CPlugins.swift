import OnexKernel

/// Plug-ins written in C for one test each, built into a folder of their own and loaded from there.
struct CPlugins {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// - Returns: the file.
  @discardableResult
  func build(_ module: String, _ source: String) throws -> String {
    try folder.write("\(module).c", source)
    let file = "\(folder.path)/lib\(module).so"
    try Program.run(
      [
        "cc", "-std=gnu11", "-shared", "-fPIC", "-pthread", "-I\(CPlugins.repository)/Libraries/C/COnexPlugin/include", "-o",
        file, "\(folder.path)/\(module).c",
      ], output: "\(folder.path)/\(module).log")
    return file
  }

  /// A plug-in that keeps to the interface, apart from what `start` and the other pieces do.
  @discardableResult
  func build(
    _ module: String, start: String, create: String = "return 0;", cancel: String = "", globals: String = "",
    plugin: String = ""
  ) throws -> String {
    try build(
      module,
      """
      #include "COnexPlugin.h"
      #include <pthread.h>
      #include <stdatomic.h>
      #include <stdio.h>
      #include <string.h>
      static onex_bytes_v1 text(const char *s) { return (onex_bytes_v1){(const uint8_t *)s, strlen(s)}; }
      static void succeed(onex_completion_v1 complete, void *context, const char *payload) {
        onex_result_v1 result = {.struct_size = sizeof result, .payload = text(payload)};
        complete(context, &result);
      }
      atomic_int starts, cancels, releases;
      \(globals)
      static int32_t create(void *c, const onex_setup_v1 *setup, void **instance, onex_report_v1 report, void *rc) {
        \(create)
      }
      static void destroy(void *instance) {}
      static void *start(void *instance, const onex_request_v1 *request, onex_completion_v1 complete, void *context) {
        starts++;
        \(start)
      }
      static void cancel(void *instance, void *call) { cancels++; \(cancel) }
      static void release(void *instance, void *call) { releases++; }
      static const onex_handler_v1 handler = {
        sizeof handler, "Answer", 0, create, destroy, start, cancel, release};
      static const onex_handler_v1 *const handlers[] = {&handler};
      static onex_plugin_v1 plugin = {
        ONEX_PLUGIN_ABI_VERSION, 0, sizeof plugin, "\(module)", "1", 1, handlers};
      const onex_plugin_v1 *onex_plugin_entry_v1(void) { \(plugin) return &plugin; }
      """)
  }

  func load() -> PluginDirectory { PluginDirectory.load(folder.path) }

  static let repository = #filePath.split(separator: "/").dropLast(4).reduce("") { "\($0)/\($1)" }
}
