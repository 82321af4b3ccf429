import OnexPostgres
import Testing

@Suite struct PostgresErrorTests {
  @Test(arguments: ["08006", "08P01", "53300", "53100", "57P01", "57P02", "57P03", "58030", "25006"])
  func serverTroubleIsAnOutage(_ state: String) {
    let error = PostgresError(.statement, "", sqlState: state)
    #expect(error.isOutage && error.isRetriable && !error.isDataError)
  }

  @Test(arguments: ["40001", "40P01", "55P03", "57014"])
  func conflictsAreRetriableAndNoOutage(_ state: String) {
    let error = PostgresError(.statement, "", sqlState: state)
    #expect(error.isRetriable && !error.isOutage && !error.isDataError && !error.endsConnection)
  }

  @Test(arguments: ["21000", "22001", "22003", "22P05", "23502", "23514", "44000", "54000", "P0001"])
  func rowsAreToBlameForDataErrors(_ state: String) {
    let error = PostgresError(.statement, "", sqlState: state)
    #expect(error.isDataError && !error.isRetriable && !error.endsConnection)
  }

  @Test(arguments: ["42P01", "42501", "XX000", "0A000"])
  func theRestBlamesNeitherTheRowsNorTheServer(_ state: String) {
    let error = PostgresError(.statement, "", sqlState: state)
    #expect(!error.isDataError && !error.isOutage && !error.isRetriable)
  }

  @Test(arguments: [PostgresError.Code.unreachable, .connectionLost, .timedOut])
  func aBrokenConnectionIsAnOutage(_ code: PostgresError.Code) {
    #expect(PostgresError(code, "").isOutage && PostgresError(code, "").endsConnection)
  }
}
