import Testing

@testable import OnexPostgres

@Suite struct ConnectionParametersTests {
  @Test func thePasswordOfAURLIsRemovedFromMessagesInBothSpellings() throws {
    let target = PostgresConfiguration.Target.connectionString("postgresql://u:p%40ss@h/db")
    let parameters = try ConnectionParameters(PostgresConfiguration(target))
    #expect(parameters.scrubbed("no: p@ss, p%40ss\n  second line") == "no: ***, ***; second line")
  }

  @Test func thePasswordOfPartsIsRemovedFromMessages() throws {
    let target = PostgresConfiguration.Target.parts(host: "h", port: 1, user: "u", password: "s3'cr\\et", database: "d")
    let parameters = try ConnectionParameters(PostgresConfiguration(target))
    #expect(parameters.scrubbed("it was s3'cr\\et") == "it was ***")
  }

  @Test func aMalformedURLIsRefusedWithoutShowingIt() {
    let target = PostgresConfiguration.Target.connectionString("postgresql://user:se cret@host:nonsense/db?x=y")
    let error = #expect(throws: PostgresError.self) { try ConnectionParameters(PostgresConfiguration(target)) }
    #expect(error?.code == .configuration)
    #expect(error?.message.contains("cret") == false)
    #expect(error?.message.contains("postgresql://user:password@host:port/database") == true)
  }

  @Test func whatTheRuntimeInsistsOnComesAfterTheConnectionString() throws {
    let target = PostgresConfiguration.Target.connectionString("postgresql://h/db?client_encoding=LATIN1")
    let parameters = try ConnectionParameters(PostgresConfiguration(target))
    let database = try #require(parameters.keywords.firstIndex(of: "dbname"))
    let encoding = try #require(parameters.keywords.lastIndex(of: "client_encoding"))
    let keepalives = try #require(parameters.keywords.firstIndex(of: "keepalives_idle"))
    #expect(keepalives < database && database < encoding)
  }

  @Test func aConfigurationCannotBePrinted() {
    let configuration = PostgresConfiguration(.connectionString("postgresql://u:hidden@h/d"))
    var dumped = ""
    dump(configuration, to: &dumped)
    #expect(!"\(configuration) \(dumped) \(String(reflecting: configuration))".contains("hidden"))
  }
}
