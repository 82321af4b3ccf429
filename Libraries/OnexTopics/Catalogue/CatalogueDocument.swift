import OnexCore

/// A file that is generated from the contracts and kept in the repository.
struct CatalogueDocument: Sendable, Equatable {
  static let refreshCommand = "topic-manager catalogue --write"

  /// Inside the folder for reference pages.
  let name: String
  let text: String

  /// - Parameter version: of the program, which the interface is described for.
  static func all(_ catalogue: TopicCatalogue, version: String) -> [CatalogueDocument] {
    [
      CatalogueDocument(name: "topics.md", text: TopicReference(catalogue: catalogue).text),
      CatalogueDocument(name: "broker-permissions.md", text: PermissionReference(catalogue: catalogue).text),
      CatalogueDocument(name: "asyncapi.yaml", text: AsyncAPIDocument(catalogue: catalogue, version: version).text),
    ]
  }
}
