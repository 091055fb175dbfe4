/// Who has which roles, through other roles too.
struct RoleGraph: Sendable {
  /// Links from who asks to a role, as in casbin.
  static let maximumDepth = 10
  /// Roles of all members together, so that links of many to many do not take the memory.
  static let maximumMemberships = 1_000_000

  /// The roles of each symbol in ascending order, without itself.
  private var roles: [[Symbol]]

  /// Follows the links from every member. Circles are followed once.
  ///
  /// - Parameter links: by symbol, with the line of each.
  init(_ links: [(member: Symbol, role: Symbol, line: Int)], symbols: Int, file: String) throws(PolicyError) {
    var next = [[Symbol]](repeating: [], count: symbols + 1)
    for link in links { next[Int(link.member.rawValue)].append(link.role) }
    roles = [[Symbol]](repeating: [], count: symbols + 1)
    var memberships = 0
    for link in links where roles[Int(link.member.rawValue)].isEmpty {
      guard let reached = Self.reach(from: link.member, next) else {
        throw PolicyError(
          file: file, line: link.line, problem: "the roles that begin here are more than \(Self.maximumDepth) deep",
          advice: "give some of them directly")
      }
      memberships += reached.count
      guard memberships <= Self.maximumMemberships else {
        throw PolicyError(
          file: file, line: link.line, problem: "the roles of all members are more than \(Self.maximumMemberships)",
          advice: "use fewer roles of roles")
      }
      roles[Int(link.member.rawValue)] = reached.sorted()
    }
  }

  /// Everything within the allowed number of links, or nil if there is more.
  private static func reach(from member: Symbol, _ next: [[Symbol]]) -> [Symbol]? {
    var known: Set<Symbol> = [member]
    var reached: [Symbol] = []
    var frontier = [member]
    for _ in 0...maximumDepth {
      frontier = frontier.flatMap { next[Int($0.rawValue)] }.filter { known.insert($0).inserted }
      if frontier.isEmpty { return reached }
      reached += frontier
    }
    return nil
  }

  func roles(of member: Symbol) -> [Symbol] { roles[Int(member.rawValue)] }

  func has(_ member: Symbol, role: Symbol) -> Bool {
    let roles = roles[Int(member.rawValue)]
    var low = 0
    var high = roles.count
    while low < high {
      let middle = (low + high) / 2
      if roles[middle] < role { low = middle + 1 } else { high = middle }
    }
    return low < roles.count && roles[low] == role
  }
}
