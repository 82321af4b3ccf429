import Glibc
import OnexCore

/// Runs a service as this process: arguments, configuration, health endpoint, signals, drain, exit code.
public enum ServiceHost {
  /// Never returns. `main.swift` of a service is this one call.
  ///
  /// - Parameter make: puts the service together; for a service that takes more than its context.
  public static func main<S: Service>(
    _ service: S.Type, _ make: @escaping @Sendable (ServiceContext) throws -> S = { try S($0) }
  ) -> Never {
    switch CommandLineRequest(Array(CommandLine.arguments.dropFirst()), flags: S.flags) {
    case .misuse(let problem):
      StandardStream.error.write("\(S.name): \(problem); see --help\n")
      end(.usage)
    case .help:
      StandardStream.output.write(UsageText.text(of: service))
      end(.success)
    case .version:
      StandardStream.output.write("\(S.name) \(configuration(of: service)[CommonSettings.version])\n")
      end(.success)
    case .checkConfiguration:
      _ = configuration(of: service)
      StandardStream.output.write("\(S.name): the configuration is valid\n")
      end(.success)
    case .printConfiguration(let json):
      let configuration = configuration(of: service)
      let version = configuration[CommonSettings.version]
      StandardStream.output.write(
        json
          ? ConfigurationReport.effectiveJSON(configuration, service: S.name, version: version)
          : ConfigurationReport.effective(configuration))
      end(.success)
    case .run(let flags):
      ServiceProcess(service, configuration(of: service), flags, make).run()
    }
  }

  /// The valid configuration; otherwise every problem is printed and the process ends.
  private static func configuration<S: Service>(of service: S.Type) -> Configuration {
    do {
      return try Configuration.load(S.allGroups, from: EnvironmentVariables.current())
    } catch {
      StandardStream.error.write(ConfigurationReport.problems(error, service: S.name))
      end(.configuration)
    }
  }

  static func end(_ code: ExitCode) -> Never {
    exit(code.rawValue)
  }
}
