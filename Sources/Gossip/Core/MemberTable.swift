/// What memberlist knows of a member.
struct MemberRecord: Hashable, Sendable {
  let name: MemberName
  var address: GossipAddress
  var meta: [UInt8]
  var versions: ProtocolVersions
  var incarnation: Incarnation
  var state: MemberSummary.State
  /// When the state began.
  var since: GossipInstant
  /// Of a suspect, and only of one.
  var suspicion: SuspicionTimer?

  var isGone: Bool { state == .dead || state == .left }

  var destination: GossipDestination {
    GossipDestination(address: address, name: name, takesChecksums: versions.maximum >= Self.versionOfChecksums)
  }

  var summary: MemberSummary {
    MemberSummary(
      member: name, address: address, meta: meta, incarnation: incarnation, state: state, versions: versions)
  }

  var alive: Alive {
    Alive(incarnation: incarnation, member: name, address: address, meta: meta, versions: versions)
  }

  private static let versionOfChecksums: UInt8 = 5
}

/// The members in the order in which they are probed: random, new in each round, so that each member is probed once
/// in a round (SWIM §4.3), and a new one comes in anywhere.
struct MemberTable: Sendable {
  private(set) var records: [MemberRecord] = []
  private var positions: [MemberName: Int] = [:]
  private var nextToProbe = 0

  var count: Int { records.count }

  func record(of name: MemberName) -> MemberRecord? { positions[name].map { records[$0] } }

  func contains(_ name: MemberName) -> Bool { positions[name] != nil }

  mutating func update(_ name: MemberName, _ change: (inout MemberRecord) -> Void) {
    guard let position = positions[name] else { preconditionFailure("\(name) changes and is no member") }
    change(&records[position])
  }

  mutating func extendSuspicions(by pause: Duration) {
    for position in records.indices { records[position].suspicion?.extend(by: pause) }
  }

  mutating func insert(_ record: MemberRecord, random: inout SplitMix64) {
    precondition(positions[record.name] == nil, "\(record.name) is a member twice")
    records.append(record)
    let other = random.below(records.count)
    records.swapAt(other, records.count - 1)
    positions[records[records.count - 1].name] = records.count - 1
    positions[records[other].name] = other
  }

  /// The next that is there, and not this node. At the end of a round those that are to be forgotten are, and the
  /// order is drawn anew.
  mutating func takeNextToProbe(
    except own: MemberName, random: inout SplitMix64, forgetting isForgotten: (MemberRecord) -> Bool
  ) -> MemberRecord? {
    // Twice, for a round may end in the middle.
    for _ in 0..<2 * records.count + 2 {
      if nextToProbe >= records.count {
        beginRound(random: &random, forgetting: isForgotten)
        if records.isEmpty { return nil }
      }
      let record = records[nextToProbe]
      nextToProbe += 1
      if record.name != own && !record.isGone { return record }
    }
    return nil
  }

  private mutating func beginRound(random: inout SplitMix64, forgetting isForgotten: (MemberRecord) -> Bool) {
    nextToProbe = 0
    for record in records where isForgotten(record) { positions[record.name] = nil }
    records.removeAll(where: isForgotten)
    records.shuffle(using: &random)
    for (position, record) in records.enumerated() { positions[record.name] = position }
  }

  /// Some of those, at random.
  func sample(
    _ count: Int, random: inout SplitMix64, where isWanted: (MemberRecord) -> Bool
  ) -> [MemberRecord] {
    var candidates = records.indices.filter { isWanted(records[$0]) }
    let count = min(max(count, 0), candidates.count)
    for position in 0..<count {
      candidates.swapAt(position, position + random.below(candidates.count - position))
    }
    return candidates.prefix(count).map { records[$0] }
  }

  func check() {
    precondition(positions.count == records.count, "\(records.count) members at \(positions.count) places")
    for (position, record) in records.enumerated() {
      precondition(positions[record.name] == position, "\(record.name) is not at its place \(position)")
      precondition(
        (record.state == .suspect) == (record.suspicion != nil),
        "\(record.name) is \(record.state), without a suspicion")
    }
  }
}
