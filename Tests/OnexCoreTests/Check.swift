import Testing

/// `#expect` for a call that changes its value, which the macro cannot take apart.
func check(_ condition: Bool, _ location: SourceLocation = #_sourceLocation) {
  #expect(condition, sourceLocation: location)
}
