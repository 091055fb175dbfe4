import ProgLogClient

extension ClusterView {
  /// A table, the leader marked by a star, and what is wrong below it.
  var text: String {
    let header = [" ", "NAME", "ROLE", "STATE", "TERM", "COMMIT", "LAST", "LAG", "ADDRESS"]
    let table = TextTable.text([header] + self.rows.map(\.cells))
    guard !self.problems.isEmpty else { return table }
    return table + "\n" + self.problems.map { "! \($0)\n" }.joined()
  }

  var json: some Encodable {
    JSONCluster(
      clusterID: self.clusterID, leader: self.leader, term: self.term, working: self.isWorking,
      members: self.rows.map(JSONMember.init), problems: self.problems)
  }
}

extension ClusterView.Row {
  fileprivate var cells: [String] {
    [
      self.isLeader ? "*" : "", self.name, self.role?.rawValue ?? "none", self.state?.rawValue ?? "no answer",
      Self.cell(self.term), Self.cell(self.commitIndex), Self.cell(self.lastIndex), Self.cell(self.lag), self.address,
    ]
  }

  private static func cell(_ number: UInt64?) -> String { number.map { "\($0)" } ?? "-" }
}

private struct JSONCluster: Encodable {
  let clusterID: String?
  let leader: String?
  let term: UInt64
  let working: Bool
  let members: [JSONMember]
  let problems: [String]

  private enum CodingKeys: String, CodingKey {
    case clusterID = "cluster_id"
    case leader
    case term
    case working
    case members
    case problems
  }
}

private struct JSONMember: Encodable {
  let name: String
  let incarnation: String
  let role: String?
  let state: String?
  let term: UInt64?
  let commitIndex: UInt64?
  let lastIndex: UInt64?
  let lastTerm: UInt64?
  let lag: UInt64?
  let address: String
  let leader: Bool

  private enum CodingKeys: String, CodingKey {
    case name
    case incarnation
    case role
    case state
    case term
    case commitIndex = "commit_index"
    case lastIndex = "last_index"
    case lastTerm = "last_term"
    case lag
    case address
    case leader
  }

  init(_ row: ClusterView.Row) {
    self.name = row.name
    self.incarnation = row.incarnation
    self.role = row.role?.rawValue
    self.state = row.state?.rawValue
    self.term = row.term
    self.commitIndex = row.commitIndex
    self.lastIndex = row.lastIndex
    self.lastTerm = row.lastTerm
    self.lag = row.lag
    self.address = row.address
    self.leader = row.isLeader
  }
}
