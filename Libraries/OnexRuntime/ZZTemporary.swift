import OnexService
extension ServiceHost {
  static func main<S: Service>(_ service: S.Type, _ make: @escaping @Sendable (ServiceContext) throws -> S) -> Never { fatalError() }
}
