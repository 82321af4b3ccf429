/// Finds what a mistyped name was meant to be.
public enum NearestName {
  /// The candidate with the smallest edit distance to `name`; `nil` when none is close enough to be worth a guess (a third of the
  /// name's length, at least 1).
  public static func suggestion(for name: String, among candidates: some Sequence<String>) -> String? {
    let length = name.unicodeScalars.count
    guard length <= lengthMax else { return nil }
    let distanceMax = max(1, length / 3)
    var best: (name: String, distance: Int)?
    for candidate in candidates where abs(candidate.unicodeScalars.count - length) <= distanceMax {
      let distance = editDistance(Array(name.unicodeScalars), Array(candidate.unicodeScalars))
      if distance <= distanceMax, distance < best?.distance ?? .max { best = (candidate, distance) }
    }
    return best?.name
  }

  /// Longer names are not compared: nobody mistypes a field into 65 characters.
  private static let lengthMax = 64

  /// Insertions, deletions, substitutions and swaps of neighbours.
  private static func editDistance(_ a: [Unicode.Scalar], _ b: [Unicode.Scalar]) -> Int {
    var beforeLast = [Int](repeating: 0, count: b.count + 1)
    var last = Array(0...b.count)
    for i in 0..<a.count {
      var row = [i + 1]
      for j in 0..<b.count {
        var distance = min(last[j + 1] + 1, row[j] + 1, last[j] + (a[i] == b[j] ? 0 : 1))
        if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { distance = min(distance, beforeLast[j - 1] + 1) }
        row.append(distance)
      }
      beforeLast = last
      last = row
    }
    return last[b.count]
  }
}
