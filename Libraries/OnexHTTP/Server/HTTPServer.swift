import CMicroHTTPD
import Glibc
import OnexCore
import Synchronization

/// A small HTTP/1.1 server (libmicrohttpd) for health, metrics and an internal API. It runs on threads of its own, so that it
/// answers also while every other thread of the process is busy or stuck.
public final class HTTPServer: Sendable {
  /// Where it listens; the kernel's choice when port 0 was asked for.
  public let port: Int

  private let daemon: Mutex<OpaquePointer?>
  private let dispatch: Unmanaged<HTTPDispatch>
  private let connections: ConnectionWatch

  /// Listens when this returns.
  public init(
    host: String, port: Int, limits: HTTPServerLimits = HTTPServerLimits(), routes: [HTTPRoute]
  ) throws(HTTPServerError) {
    precondition(
      limits.connectionsMax > 0 && limits.connectionsPerAddressMax > 0 && limits.threads > 0,
      "a server that accepts nothing is not one")
    let socket = try ListeningSocket(host: host, port: port)
    let connections = ConnectionWatch(limits)
    let dispatch = HTTPDispatch(router: HTTPRouter(routes), bodyBytesMax: limits.bodyBytesMax, connections: connections)
    // Released in `stop`, when no thread of the daemon's is left that could use it.
    let context = Unmanaged.passRetained(dispatch)
    let options = onex_mhd_options(
      listen_socket: socket.descriptor, connections_max: UInt32(limits.connectionsMax + ConnectionWatch.closingMax),
      idle_timeout_seconds: UInt32(limits.idleTimeoutSeconds), connection_memory_bytes: limits.headerBytesMax,
      thread_stack_bytes: limits.threadStackBytes, threads: UInt32(limits.threads))
    guard
      let started = onex_mhd_start(
        options, answerRequest, endRequest, notifyConnection, inspectTarget, context.toOpaque())
    else {
      let code = errno
      context.release()
      close(socket.descriptor)
      throw HTTPServerError(.system, "cannot start the HTTP server on port \(socket.port): \(String(cString: strerror(code)))")
    }
    self.port = socket.port
    self.dispatch = context
    self.daemon = Mutex(started)
    self.connections = connections
    connections.start()
  }

  deinit { stop() }

  /// Closes the socket and every connection. Waits for handlers that are running, which by contract takes no time. Idempotent.
  public func stop() {
    let stopped = daemon.withLock { daemon in
      defer { daemon = nil }
      return daemon
    }
    guard let stopped else { return }
    MHD_stop_daemon(stopped)
    connections.stop()
    dispatch.release()
  }
}
