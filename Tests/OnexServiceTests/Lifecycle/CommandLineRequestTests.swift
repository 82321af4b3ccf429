import Testing

@testable import OnexService

@Suite struct CommandLineRequestTests {
  private func request(_ arguments: String...) -> CommandLineRequest {
    CommandLineRequest(arguments, flags: [ServiceFlag("--once", help: "Ends when done.", isJob: true)])
  }

  @Test func withoutArgumentsTheServiceRuns() {
    #expect(request() == .run(flags: []))
    #expect(request("--once") == .run(flags: ["--once"]))
  }

  @Test func eachQuestionIsRecognised() {
    #expect(request("--version") == .version)
    #expect(request("--check-config") == .checkConfiguration)
    #expect(request("--print-config") == .printConfiguration(json: false))
    #expect(request("--json", "--print-config") == .printConfiguration(json: true))
    #expect(request("-h") == .help)
    #expect(request("--version", "--help") == .help)
  }

  @Test func whatDoesNotExistOrDoesNotGoTogetherIsMisuse() {
    #expect(request("--twice") == .misuse("unknown argument \"--twice\""))
    #expect(request("--version", "--check-config") == .misuse("--version and --check-config do not go together"))
    #expect(request("--json") == .misuse("--json goes with --print-config only"))
  }
}
