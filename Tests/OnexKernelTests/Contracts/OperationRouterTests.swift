import OnexCore
import OnexKernel
import Testing

@Suite struct OperationRouterTests {
  private func contract(_ name: String, _ operations: HandledOperations) throws -> HandlerContract {
    let type = try #require(HandlerClass("M.T"))
    return HandlerContract(name: name, handlerClass: type, kind: .compute, operations: operations, file: name + ".yaml")
  }

  @Test func exactOperationsComeBeforePrefixes() throws {
    var router = OperationRouter()
    let get = try #require(Operation("http.get"))
    #expect(router.add(try contract("all", .prefix("http"))).isEmpty)
    #expect(router.add(try contract("get", .listed([OperationContract(get)]))).isEmpty)
    #expect(router.route(get)?.contract.name == "get")
    let put = try #require(Operation("http.put.now"))
    #expect(router.route(put)?.contract.name == "all")
    let other = try #require(Operation("https.get"))
    #expect(router.route(other) == nil)
    #expect(router.routes.map(\.operation) == ["http.*", "http.get"])
  }

  @Test func aConflictNamesTheOwnerAndAddsNothing() throws {
    var router = OperationRouter()
    let a = try #require(Operation("x.a"))
    let b = try #require(Operation("x.b"))
    _ = router.add(try contract("first", .listed([OperationContract(a)])))
    let conflicts = router.add(try contract("second", .listed([OperationContract(b), OperationContract(a)])))
    #expect(conflicts.map(\.operation) == ["x.a"])
    #expect(conflicts.first?.owner.name == "first")
    #expect(router.route(b) == nil)
  }
}
