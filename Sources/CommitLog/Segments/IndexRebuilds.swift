import Synchronization

/// Counts the indexes of sealed segments that were missing or wrong and were made anew.
final class IndexRebuilds: Sendable {
  private let number = Atomic<Int>(0)

  var count: Int { number.load(ordering: .relaxed) }

  func add() {
    number.add(1, ordering: .relaxed)
  }
}
