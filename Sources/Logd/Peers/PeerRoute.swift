/// Which connection a message for a peer takes.
enum PeerRoute: UInt8, CaseIterable, Sendable {
  case dialedControl
  case dialedData
  case acceptedControl
  case acceptedData

  init(isDialed: Bool, lane: PeerLane) {
    self =
      switch lane {
      case .control: isDialed ? .dialedControl : .acceptedControl
      case .data: isDialed ? .dialedData : .acceptedData
      }
  }

  /// The first that is ready. A connection that the peer dialed serves when there is none to it: a learner answers a
  /// leader whose address it does not know yet. What is small may go between data rather than be lost; data never goes
  /// the other way.
  static func choose(for lane: PeerLane, isReady: (PeerRoute) -> Bool) -> PeerRoute? {
    let order: [PeerRoute] =
      switch lane {
      case .control: [.dialedControl, .acceptedControl, .dialedData, .acceptedData]
      case .data: [.dialedData, .acceptedData]
      }
    return order.first(where: isReady)
  }
}
