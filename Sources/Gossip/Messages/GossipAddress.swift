/// Where a member gossips, over UDP and TCP: an IP address of 4 or 16 bytes, as it is on the wire, and a port.
package struct GossipAddress: Hashable, Sendable {
  package var bytes: [UInt8]
  package var port: UInt16

  package init(bytes: [UInt8], port: UInt16) {
    self.bytes = bytes
    self.port = port
  }
}
