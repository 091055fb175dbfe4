import Synchronization

extension Atomic where Value == Double {
  /// Adds by compare and exchange: processors have no atomic addition for floating point.
  borrowing func add(_ amount: Double) {
    var current = self.load(ordering: .relaxed)
    while true {
      let (exchanged, original) = self.weakCompareExchange(
        expected: current, desired: current + amount, ordering: .relaxed)
      if exchanged { return }
      current = original
    }
  }
}
