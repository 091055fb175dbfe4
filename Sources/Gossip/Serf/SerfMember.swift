/// What Serf knows of a member beyond memberlist: it remembers those that failed or left for a day and more.
struct SerfMember: Hashable, Sendable {
  let name: MemberName
  var address: GossipAddress
  var meta: [UInt8]
  var versions: ProtocolVersions
  var status: MemberStatus
  /// Of the newest join or leave that counted.
  var statusTime: LamportTime
  /// When it failed or left.
  var goneSince: GossipInstant?
  /// When it is to be forgotten: someone said that it leaves, and asked for that.
  var pruneAt: GossipInstant?

  init(_ record: MemberRecord, status: MemberStatus, statusTime: LamportTime) {
    name = record.name
    address = record.address
    meta = record.meta
    versions = record.versions
    self.status = status
    self.statusTime = statusTime
  }

  var isGone: Bool { status == .left || status == .failed }

  var view: MemberView {
    MemberView(name: name, address: address, meta: meta, versions: versions, status: status)
  }
}
