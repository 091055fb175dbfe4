import CommitLog
import DequeModule
import Raft

/// Writes that a node's core asked for and that are not on its disk yet; done one after the other, or all that wait at once.
struct DiskQueue {
  private(set) var waiting: Deque<StorageWrite> = []
  /// Of the first that wait: so many are being written.
  private(set) var underWay = 0
  private(set) var byteCount = 0
  /// The log refused a write and its core does not know yet: everything is dropped until then.
  private(set) var isRefusing = false
  // Faults in force; two may overlap.
  var slow = 0
  var hung = 0
  var full = 0

  mutating func submit(_ write: StorageWrite) {
    guard !isRefusing else { return }
    waiting.append(write)
    byteCount += write.byteCount
  }

  /// - Returns: whether a write has begun.
  mutating func begin(groupsWrites: Bool) -> Bool {
    guard underWay == 0, !waiting.isEmpty, hung == 0 else { return false }
    underWay = groupsWrites ? waiting.count : 1
    return true
  }

  mutating func takeUnderWay() -> [StorageWrite] {
    let done = Array(waiting.prefix(underWay))
    waiting.removeFirst(underWay)
    underWay = 0
    byteCount -= done.reduce(0) { $0 + $1.byteCount }
    return done
  }

  /// What is asked for is void until ``resume()``.
  mutating func refuse() {
    clear()
    isRefusing = true
  }

  mutating func resume() { isRefusing = false }

  /// Faults stay.
  mutating func clear() {
    waiting.removeAll()
    underWay = 0
    byteCount = 0
    isRefusing = false
  }
}
