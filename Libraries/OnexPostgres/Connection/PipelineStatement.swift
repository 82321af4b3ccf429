/// A statement of a pipeline.
struct PipelineStatement: Sendable {
  let sql: String
  let parameters: [PostgresParameter]
}
