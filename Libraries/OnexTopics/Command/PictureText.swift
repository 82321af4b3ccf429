import OnexCommandLine
import OnexCore

/// A topic's picture as a person reads it.
enum PictureText {
  static func of(_ picture: TopicPicture) -> String {
    var blocks = [head(picture), partitions(picture)]
    if !picture.positions.isEmpty { blocks.append(positions(picture)) }
    if !picture.uses.isEmpty { blocks.append(uses(picture)) }
    return blocks.joined(separator: "\n")
  }

  private static func head(_ picture: TopicPicture) -> String {
    guard let declaration = picture.declaration else { return "\(picture.name)  nobody declares it" }
    let owner = declaration.owner.map { ", owned by \($0)" } ?? ""
    return "\(picture.name)  declared in \(declaration.file):\(declaration.line)\(owner)"
      + (declaration.isProtected ? ", protected" : "")
  }

  private static func partitions(_ picture: TopicPicture) -> String {
    var table = TextTable(["PARTITION", "LEADER", "REPLICAS", "IN SYNC", "FIRST", "NEXT", "RECORDS"])
    for partition in picture.partitions {
      let (description, offsets) = (partition.description, partition.offsets)
      table.add([
        String(description.partition), description.leader.map { String($0) } ?? "none", list(description.replicas),
        list(description.inSyncReplicas), offsets.map { String($0.lowerBound) } ?? "-",
        offsets.map { String($0.upperBound) } ?? "-", offsets.map { String($0.count) } ?? "-",
      ])
    }
    return String(table.text.dropLast())
  }

  private static func positions(_ picture: TopicPicture) -> String {
    var table = TextTable(["GROUP", "PARTITION", "COMMITTED", "LAG"])
    for position in picture.positions {
      table.add([
        position.group, String(position.partition), String(position.committed), position.lag.map { String($0) } ?? "-",
      ])
    }
    return String(table.text.dropLast())
  }

  private static func uses(_ picture: TopicPicture) -> String {
    var table = TextTable(["CONTRACT", "", "FILE"])
    for use in picture.uses { table.add([use.contract, use.way.rawValue, use.file]) }
    return String(table.text.dropLast())
  }

  private static func list(_ ids: [Int32]) -> String { ids.map { String($0) }.joined(separator: ",") }
}
