import OnexCore
import Testing

@Suite struct HandlerClassTests {
  @Test func aModuleAndATypeAreRequired() {
    #expect(HandlerClass("OnexCompute.EchoHandler")?.module == "OnexCompute")
    #expect(HandlerClass("M.Outer.Inner")?.type == "Outer.Inner")
    for text in ["", "Echo", "M.", ".T", "M..T", "M.1T", "M.T-x", "M.T ", "M.Té"] { #expect(HandlerClass(text) == nil) }
  }

  @Test func namespacesContainWholeSegments() throws {
    let type = try #require(HandlerClass("OnexCompute.Echo.Handler"))
    for inside in ["OnexCompute", "OnexCompute.Echo", "OnexCompute.Echo.Handler"] { #expect(type.isInside(namespace: inside)) }
    for outside in ["Onex", "OnexCompute.", "OnexCompute.Ec", "", "Echo"] { #expect(!type.isInside(namespace: outside)) }
  }

  @Test(arguments: [("handler_http", "http"), ("http_handler", "http"), ("http", "http"), ("my_handler_x", "my_handler_x")])
  func theRegisteredPrefixComesFromTheNameAlone(name: String, prefix: String) {
    #expect(HandledOperations.registeredPrefix(ofHandler: name) == prefix)
  }
}
