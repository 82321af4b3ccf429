import Glibc
import OnexCore

/// Runs a service as this process: arguments, configuration, health endpoint, signals, drain, exit code.
public enum ServiceHost {
  /// Never returns. `main.swift` of a service is this one call, made by the main thread, which from here on waits for signals:
  /// nothing of a service may be isolated to the main actor.
  ///
  /// - Parameters:
  ///   - arguments: without the program's name; for a program that has taken some for itself.
  ///   - make: puts the service together; for a service that takes more than its context.
  public static func main<S: Service>(
    _ service: S.Type, arguments: [String] = Array(CommandLine.arguments.dropFirst()),
    _ make: @escaping @Sendable (ServiceContext) throws -> S = { try S($0) }
  ) -> Never {
    let environment = EnvironmentVariables.current()
    switch CommandLineRequest(arguments, flags: S.flags) {
    case .misuse(let problem):
      StandardStream.error.write("\(S.name): \(problem); see --help\n")
      end(.usage)
    case .help:
      StandardStream.output.write(UsageText.text(of: service))
    case .version:
      StandardStream.output.write("\(S.name) \(environment[CommonSettings.version.name] ?? BuildVersion.current)\n")
    case .checkConfiguration:
      _ = configuration(of: service, environment)
      StandardStream.output.write("\(S.name): the configuration is valid\n")
    case .printConfiguration(let json):
      let configuration = configuration(of: service, environment)
      let version = configuration[CommonSettings.version]
      StandardStream.output.write(
        json
          ? ConfigurationReport.effectiveJSON(configuration, service: S.name, version: version)
          : ConfigurationReport.effective(configuration))
    case .run(let flags):
      ServiceProcess(service, configuration(of: service, environment), flags, make).run()
    }
    end(.success)
  }

  /// The valid configuration; otherwise every problem is printed and the process ends.
  private static func configuration<S: Service>(of service: S.Type, _ environment: EnvironmentVariables) -> Configuration {
    do {
      return try Configuration.load(S.allGroups, from: environment) { S.validate($0) }
    } catch {
      StandardStream.error.write(ConfigurationReport.problems(error, service: S.name))
      end(.configuration)
    }
  }

  /// Ends without the C library's exit handlers: libraries clean up there while their threads still run, and a crash then would
  /// replace the exit code. Whatever must be closed was closed before.
  static func end(_ code: ExitCode) -> Never {
    fflush(nil)
    _exit(code.rawValue)
  }
}
