import OnexCore

/// Everything that the invariants speak about, as it was found when a run was over.
struct ChaosRecord: Sendable {
  /// A record on the topic of responses.
  struct Answer: Sendable, Hashable {
    /// Which request it answers.
    let request: String
    let envelopeID: String
    let isSuccess: Bool
    /// Of the error.
    let code: String?
    let payload: String
  }

  /// The identity under which the inbox keeps a request; a name that is no id stands for itself.
  static func identity(ofRequest id: String) -> String {
    RawUUID(id).map { MessageIdentity.request(EnvelopeID($0)).description } ?? id
  }

  /// The same for a role's response.
  static func identity(ofResponse id: String) -> String {
    RawUUID(id).map { MessageIdentity.response(EnvelopeID($0)).description } ?? id
  }

  struct InboxEntry: Sendable, Hashable {
    let consumer: String
    let identity: String
  }

  struct Stream: Sendable, Hashable {
    let number: Int64
    let correlationID: String
    let version: Int64
    let isClosed: Bool
  }

  struct Event: Sendable, Hashable {
    let sequence: Int64
    let stream: Int64
    let streamSequence: Int64
    let type: String
    let step: String?
  }

  var sent: [SentRequest] = []
  /// Ids on the topic of requests; those of one key in the order of the log, repeats included.
  var requested: [String] = []
  /// Those to one key in the order of the log.
  var answers: [Answer] = []
  /// What lies on topics of dead letters, in words.
  var deadLetters: [String] = []
  /// How many rows there are of each.
  var inbox: [InboxEntry: Int] = [:]
  var streams: [Stream] = []
  /// By sequence.
  var journal: [Event] = []
  var journalHead: Int64 = 0
  var timers = 0
  /// The most that was seen, in bytes.
  var resident: [String: Int] = [:]

  /// The names that the two consumers have in the inbox.
  var mainConsumer = ""
  var effectsConsumer = ""
}
