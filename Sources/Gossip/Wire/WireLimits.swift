/// What is taken from a peer at most. All of it is more than any real member sends.
package enum WireLimits {
  /// Bytes of a member's name. Serf itself takes 128.
  package static let nameBytes = 255
  /// memberlist's MetaMaxSize, which senders keep to.
  package static let metaBytes = 512
  /// Of a UDP datagram, and of what one may expand to.
  package static let packetBytes = 65_535
  /// memberlist's UDPBufferSize: what we put into one packet, so that it is not fragmented.
  package static let sentPacketBytes = 1400
  /// Bytes that a member may send over TCP in one exchange, as sent and expanded: about 4000 members with all their
  /// tags and recent events. memberlist takes 20 MiB, from far larger clusters.
  package static let streamBytes = 4 << 20
  package static let members = 16_384
  /// Serf keeps the events of 512 moments.
  package static let eventTimes = 512
  package static let eventsOfOneTime = 64
  /// Serf's UserEventSizeLimit can be set to at most 9 KiB.
  package static let eventBytes = 9 * 1024
  package static let filters = 64
  package static let keys = 64
}
