import OnexCore
import OnexJSON
import OnexTestSupport
import Testing

/// The required tests of the public JSON Schema suite, draft 2020-12. Schemas are compiled with `format` as an annotation, as the suite
/// asks; the formats themselves are tested in SchemaFormatTests.
@Suite struct JSONSchemaSuiteTests {
  private struct Case {
    let file: String
    let group: String
    let name: String
    let schema: JSONValue
    let data: JSONValue
    let isValid: Bool
  }

  /// Groups of the suite that ask for one of the three parts of the draft that are not supported.
  private enum Exclusion: String, CaseIterable {
    case remoteReferences = "a reference leads to another document"
    case dynamicReferences = "$dynamicRef or $dynamicAnchor"
    case vocabularies = "a $schema with vocabularies of its own"

    /// Whole files.
    var files: [String] {
      switch self {
      case .remoteReferences: ["refRemote.json"]
      case .dynamicReferences: ["dynamicRef.json"]
      case .vocabularies: ["vocabulary.json"]
      }
    }

    /// Single groups of other files.
    var groups: [String] {
      switch self {
      case .remoteReferences:
        ["defs.json: validate definition against metaschema", "ref.json: remote ref, containing refs itself"]
      case .dynamicReferences:
        [
          "unevaluatedItems.json: unevaluatedItems with $dynamicRef",
          "unevaluatedProperties.json: unevaluatedProperties with $dynamicRef",
        ]
      case .vocabularies: []
      }
    }
  }

  private func cases() throws -> [Case] {
    var cases: [Case] = []
    for file in try PublicSuites.jsonSchema.files() {
      for group in try #require(try JSONValue.parse(file.content).array, "\(file.name)") {
        for test in try #require(group["tests"]?.array, "\(file.name)") {
          cases.append(
            Case(
              file: file.name, group: try #require(group["description"]?.string), name: try #require(test["description"]?.string),
              schema: try #require(group["schema"]), data: try #require(test["data"]),
              isValid: try #require(test["valid"]?.boolean as Bool?)))
        }
      }
    }
    return cases
  }

  private func exclusion(_ one: Case) -> Exclusion? {
    Exclusion.allCases.first { $0.files.contains(one.file) || $0.groups.contains("\(one.file): \(one.group)") }
  }

  @Test(.enabled(if: PublicSuites.jsonSchema.isPresent, "\(PublicSuites.jsonSchema.howToGet)"))
  func everyRequiredTestPassesExceptThoseOfThreeUnsupportedParts() throws {
    var passed = 0
    var excluded: [Exclusion: Int] = [:]
    for one in try cases() {
      if let exclusion = exclusion(one) {
        excluded[exclusion, default: 0] += 1
        continue
      }
      let place = "\(one.file): \(one.group): \(one.name)"
      do {
        let violations = try JSONSchema.compile(one.schema, formats: .annotated).validate(one.data)
        #expect(violations.isEmpty == one.isValid, "\(place): \(violations)")
        if violations.isEmpty == one.isValid { passed += 1 }
      } catch {
        Issue.record("\(place): refused: \(error)")
      }
    }
    #expect(passed == 1211)
    #expect(excluded == [.remoteReferences: 35, .dynamicReferences: 48, .vocabularies: 5])
  }

  /// An excluded schema is refused with a place and a reason and not read as if the keyword were absent.
  @Test(.enabled(if: PublicSuites.jsonSchema.isPresent, "\(PublicSuites.jsonSchema.howToGet)"))
  func everyExcludedSchemaIsRefusedOrHarmless() throws {
    for one in try cases() where exclusion(one) != nil {
      guard let schema = try? JSONSchema.compile(one.schema, formats: .annotated) else { continue }
      // It asks for nothing that is not supported, only its neighbours in the file do.
      #expect(schema.validate(one.data).isEmpty == one.isValid, "\(one.file): \(one.group): \(one.name)")
    }
  }
}
