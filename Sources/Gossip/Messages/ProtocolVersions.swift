/// The versions that a member speaks, in memberlist's order on the wire: the protocol's and then its user's, which is
/// Serf. All zero where a member does not say.
package struct ProtocolVersions: Hashable, Sendable {
  package var minimum: UInt8
  package var maximum: UInt8
  package var current: UInt8
  package var userMinimum: UInt8
  package var userMaximum: UInt8
  package var userCurrent: UInt8

  package init(
    minimum: UInt8, maximum: UInt8, current: UInt8, userMinimum: UInt8, userMaximum: UInt8, userCurrent: UInt8
  ) {
    self.minimum = minimum
    self.maximum = maximum
    self.current = current
    self.userMinimum = userMinimum
    self.userMaximum = userMaximum
    self.userCurrent = userCurrent
  }

  /// What this implementation speaks: memberlist 1 to 5, of which 2 is what current agents announce, and Serf 2 to 5.
  package static let ours = Self(minimum: 1, maximum: 5, current: 2, userMinimum: 2, userMaximum: 5, userCurrent: 5)
}
