/// Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014: small, and the same everywhere.
struct SplitMix64: RandomNumberGenerator, Sendable {
  private var state: UInt64

  init(seed: UInt64) {
    state = seed
  }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var value = state
    value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
    value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
    return value ^ (value >> 31)
  }

  /// 0 when the bound is 0.
  mutating func below(_ bound: Int) -> Int {
    Int(next().multipliedFullWidth(by: UInt64(max(bound, 0))).high)
  }

  /// At least 0, below 1.
  mutating func fraction() -> Double { Double(next() >> 11) * 0x1p-53 }

  /// Less than the bound, so that what nodes do at intervals they do not do at once.
  mutating func part(of duration: Duration) -> Duration {
    .nanoseconds(Int64(fraction() * Double(max(Int64(duration / .nanoseconds(1)), 0))))
  }
}
