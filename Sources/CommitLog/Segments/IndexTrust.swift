#if DEBUG
/// A mistake to plant: to take what an index says without a look at the store. The crash tests show that they would find it;
/// release builds have no such thing.
package enum IndexTrust {
  @TaskLocal package static var isBlind = false
}
#endif
