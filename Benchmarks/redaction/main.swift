// Nanoseconds for a text, compiled by Benchmarks/redaction.sh together with the scanner.

let redactor = Redactor()

func measure(_ name: String, _ text: String) {
  let repetitions = max(1, 100_000_000 / max(text.utf8.count, 20))
  var found = 0
  let duration = ContinuousClock().measure {
    for _ in 0..<repetitions where redactor.redacted(text) != nil { found += 1 }
  }
  let nanoseconds = Double(duration.components.seconds) * 1e9 + Double(duration.components.attoseconds) / 1e9
  let each = nanoseconds / Double(repetitions)
  print("  \(name): \(text.utf8.count) bytes, \(Int(each)) ns, \(Int(each * 100 / Double(text.utf8.count)))/100 ns a byte")
}

let prose =
  "The agent searched the repository for usages of the parser; found 14 files, 3 of them in tests. Step 2: read "
  + "src/parser/main.swift (412 lines) and compare with docs/guide.md. Result = ok, next: write a patch and run make test-unit."
measure("prose", prose)
measure("JSON in text", #"{"tool":"grep","pattern":"func parse","matches":[{"file":"a_b.swift","line":12}],"took_ms":12.5}"#)
measure("path", "/home/ada/projects/example/repository")
measure("with two finds", prose + " mail joe@example.com password=hunter2")
for piece in ["@", ":", "=", "token=\"", "A.-_", "-----BEGIN ", "://a:"] {
  measure("a mebibyte of \(piece)", String(repeating: piece, count: (1 << 20) / piece.utf8.count))
}
