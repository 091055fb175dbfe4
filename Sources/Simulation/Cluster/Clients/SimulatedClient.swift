/// Someone who uses the cluster. Woken again and again, told what comes back.
protocol SimulatedClient: AnyObject {
  var pause: UInt64 { get }
  /// Nothing is waited for.
  var isIdle: Bool { get }
  /// - Parameter isEnding: nothing new is begun any more.
  /// - Returns: what it sends, and to which node.
  func wake(at now: VirtualTime, isEnding: Bool, _ coverage: inout Coverage) -> [(slot: Int, request: ClientRequest)]
  func receive(_ reply: ClientReply, _ oracle: Oracle, _ coverage: inout Coverage) throws(Violation)
}

extension SimulatedClient {
  /// After which a request is made anew.
  static var patience: UInt64 { .milliseconds(900) }
}
