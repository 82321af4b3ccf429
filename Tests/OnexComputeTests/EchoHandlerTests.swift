import OnexCompute
import OnexCore
import Testing

@Suite struct EchoHandlerTests {
  @Test func thePayloadComesBackByteForByteAndUncopied() throws {
    let payload: Bytes = "{ \"a\" : 1.10,\t\"b\":\"\\u00e9\" }"
    let answer = try ask(EchoHandler(), "compute.echo", payload)
    #expect(answer.isSameMemory(as: payload))
  }

  @Test func allHandlersAreNamedAsTheContractsNameThem() {
    #expect(
      ComputeHandlers.all.map { $0.className } == [
        "OnexCompute.EchoHandler", "OnexCompute.TransformHandler", "OnexCompute.AggregateHandler", "OnexCompute.HashHandler",
      ])
  }
}
