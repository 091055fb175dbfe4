/// A fault in force, and what ends it.
struct ActiveFault {
  enum Effect {
    case pause(slot: Int)
    case slowDisk(slot: Int)
    case hungDisk(slot: Int)
    case fullDisk(slot: Int, isSlow: Bool)
    case cuts([(sender: Int, receiver: Int)])
    /// The others forget what it lacks before it is heard again.
    case laggard(slot: Int, cuts: [(sender: Int, receiver: Int)])
    case lossBurst
    case rashness
  }

  var effect: Effect
}
