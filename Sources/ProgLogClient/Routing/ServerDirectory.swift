/// What is known of the cluster's servers: who they are, who leads, and who failed lately. A value without clock and I/O.
struct ServerDirectory: Sendable {
  typealias Instant = ContinuousClock.Instant

  /// Whom a call goes to.
  enum Route: Sendable, Hashable {
    /// The leader, who alone appends.
    case leader
    /// Any of the followers, in turn; the leader when there is none.
    case reader
  }

  /// A server that failed is passed over for so long, and twice as long each time it fails again: long enough that calls do
  /// not crowd where nobody answers, short enough that a server that is back is found within seconds.
  private static let firstSuspension = Duration.milliseconds(250)
  /// To ask a server that refuses costs a moment.
  private static let longestSuspension = Duration.seconds(2)
  /// To ask one that hangs costs the time of an attempt.
  private static let longestSuspensionOfSilent = Duration.seconds(8)
  /// Doublings that lead from the first to beyond the longest.
  private static let maximumDoublings = 5

  private struct Suspension: Sendable {
    var until: Instant
    var failures: Int
  }

  /// Whom to ask before anybody has told who the servers are, and when none of those answers.
  let seeds: [NodeAddress]
  /// As last told, each once.
  private(set) var servers: [NodeAddress] = []
  /// `nil`: nobody has told of one, or the one that was told of says that it is not.
  private(set) var leader: NodeAddress?
  /// Grows when the servers or their leader change.
  private(set) var generation: UInt64 = 0
  private var suspensions: [NodeAddress: Suspension] = [:]
  /// Servers that have answered under the address that they say.
  private var reached: Set<NodeAddress> = []

  init(seeds: [NodeAddress]) {
    self.seeds = seeds
  }

  // MARK: What is learned

  /// Takes in a server's answer. One that names nobody is in no cluster, and is not believed.
  mutating func learn(_ told: [ClusterServer]) {
    var addresses: [NodeAddress] = []
    var namedLeader: NodeAddress?
    for server in told {
      guard let address = try? NodeAddress(parsing: server.address) else { continue }
      if !addresses.contains(address) { addresses.append(address) }
      if server.isLeader { namedLeader = address }
    }
    guard !addresses.isEmpty else { return }
    // Who hears no leader names none; another may hear the one that is known.
    let known = self.leader.flatMap { addresses.contains($0) ? $0 : nil }
    self.change(servers: addresses, leader: namedLeader ?? known)
  }

  /// Takes in that `asked` said it does not lead, and whom it named.
  ///
  /// - Returns: whether somebody was named who can be asked at once. A hint at a server that has just failed is what others
  ///   still believe.
  @discardableResult
  mutating func learn(notLeader asked: NodeAddress, hint: NodeAddress?, at now: Instant) -> Bool {
    self.reached.insert(asked)
    let named = hint == asked ? nil : hint
    // A late answer does not undo what was learned since.
    if named != nil || self.leader == asked { self.change(servers: self.servers, leader: named) }
    return named.map { !self.isSuspended($0, at: now) } ?? false
  }

  private mutating func change(servers: [NodeAddress], leader: NodeAddress?) {
    guard servers != self.servers || leader != self.leader else { return }
    self.servers = servers
    self.leader = leader
    self.generation += 1
    let known = Set(servers + self.seeds + (leader.map { [$0] } ?? []))
    self.suspensions = self.suspensions.filter { known.contains($0.key) }
    self.reached.formIntersection(known)
  }

  /// - Parameter isSilent: it did not refuse, but let the time go by.
  mutating func failed(_ address: NodeAddress, isSilent: Bool = false, at now: Instant) {
    // What was on its way to a server when it failed fails with it, and counts once.
    if let suspension = self.suspensions[address], now < suspension.until { return }
    let failures = (self.suspensions[address]?.failures ?? 0) + 1
    let time = Self.firstSuspension * (1 << min(failures - 1, Self.maximumDoublings))
    let longest = isSilent ? Self.longestSuspensionOfSilent : Self.longestSuspension
    self.suspensions[address] = Suspension(until: now + min(time, longest), failures: failures)
  }

  mutating func succeeded(_ address: NodeAddress) {
    self.suspensions[address] = nil
    self.reached.insert(address)
  }

  func isSuspended(_ address: NodeAddress, at now: Instant) -> Bool {
    self.suspensions[address].map { now < $0.until } ?? false
  }

  // MARK: Whom to call

  /// The server for a call; `nil`: wait until more is known.
  ///
  /// - Parameter turn: of the callers; one after the other gets another reader.
  func pick(_ route: Route, turn: Int, at now: Instant) -> NodeAddress? {
    guard !self.servers.isEmpty else { return nil }
    let healthy = self.servers.filter { !self.isSuspended($0, at: now) }
    let leader = self.leader.flatMap { self.isSuspended($0, at: now) ? nil : $0 }
    switch route {
    case .leader:
      let isNowhere = healthy.isEmpty || (self.leader != nil && self.reached.isDisjoint(with: self.servers))
      return leader ?? (isNowhere ? self.strayer(turn: turn, at: now) : nil)
    case .reader:
      return Self.element(of: healthy.filter { $0 != self.leader }, turn: turn) ?? leader
        ?? Self.element(of: healthy, turn: turn) ?? self.strayer(turn: turn, at: now)
        ?? self.servers.min { self.suspensionEnd($0, now) < self.suspensionEnd($1, now) }
    }
  }

  /// When no server can be reached where it says that it is, as from the far side of a forwarded port, there is still the way
  /// by which the servers' names came.
  private func strayer(turn: Int, at now: Instant) -> NodeAddress? {
    Self.element(
      of: self.seeds.filter { !self.servers.contains($0) && !self.isSuspended($0, at: now) }, turn: turn)
  }

  private func suspensionEnd(_ address: NodeAddress, _ now: Instant) -> Instant {
    self.suspensions[address]?.until ?? now
  }

  private static func element(of addresses: [NodeAddress], turn: Int) -> NodeAddress? {
    addresses.isEmpty ? nil : addresses[turn % addresses.count]
  }

  /// Whom to ask who the servers are, the most promising first: a server that answers, a seed, a server that failed.
  ///
  /// - Parameter turn: of the questions, so that one who knows less than the others is not asked again and again.
  func candidates(turn: Int, at now: Instant) -> [NodeAddress] {
    let start = self.servers.isEmpty ? 0 : turn % self.servers.count
    let rotated = self.servers[start...] + self.servers[..<start]
    let healthy = rotated.filter { !self.isSuspended($0, at: now) }
    let failed = rotated.filter { self.isSuspended($0, at: now) }
    return healthy + self.seeds.filter { !self.servers.contains($0) } + failed
  }
}
