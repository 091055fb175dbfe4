import ProgLogClient

/// What is wrong with one member.
struct MemberProblems {
  /// Entries that a member may lack without it being worth a word: as many as a learner may and be made a voter.
  private static let maximumLag: UInt64 = 1024

  let member: ClusterMember
  /// Who knows the most of the cluster.
  let best: NodeReport?
  let answers: [NodeAnswer]

  private var name: String { self.member.identity.name }
  private var own: NodeReport? { self.answers.compactMap(\.known).first { $0.identity == self.member.identity } }

  var list: [String] {
    [self.absence, self.silence, self.lag, self.moved, self.room].compactMap { $0 }
  }

  /// It does not answer here, or another node does in its place.
  private var absence: String? {
    guard self.own == nil, let answer = self.answers.first(where: { $0.address.description == self.member.address })
    else { return nil }
    switch answer.report {
    case .failure(let error):
      let heard = self.member.progress?.isActive == true ? ", though it answers the leader" : ""
      return "\(self.name) does not answer here\(heard): \(error)"
    case .success(let other) where other.identity.name == self.name:
      return
        "\(self.name) at \(self.member.address) has another data directory than the member had: it joins anew when it "
        + "has --start-join-addrs; else remove \(self.name) and add it again"
    case .success(let other):
      return "at \(self.member.address), where \(self.name) is to be, is \(other.identity.name)"
    }
  }

  private var silence: String? {
    guard let progress = self.member.progress, !progress.isActive else { return nil }
    return "\(self.name) does not answer the leader"
  }

  private var lag: String? {
    guard let progress = self.member.progress, progress.isActive else { return nil }
    if progress.lag > Self.maximumLag { return "\(self.name) lags: it lacks \(progress.lag) entries of the log" }
    guard progress.isReplicating else { return "\(self.name) gets no entries: the leader looks for where to begin" }
    return nil
  }

  private var moved: String? {
    guard let own, own.address != self.member.address else { return nil }
    return
      "\(self.name) says that it is reached at \(own.address), and the members look for it at \(self.member.address)"
  }

  private var room: String? {
    guard let own, !own.hasRoom else { return nil }
    return "\(self.name) has no room: its disk is full, or refuses to be written"
  }
}
