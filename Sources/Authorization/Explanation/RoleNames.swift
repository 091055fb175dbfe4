/// Role links by name, to tell how a member comes to a role.
struct RoleNames {
  /// By the bytes of the member's name.
  private var links: [[UInt8]: [RoleLink]] = [:]

  init(_ links: [RoleLink]) {
    for link in links { self.links[Array(link.member.utf8), default: []].append(link) }
  }

  /// A shortest way; nil if there is none within the depth that roles may have.
  func path(from member: String, to role: String) -> Explanation.RolePath? {
    var known: Set<[UInt8]> = [Array(member.utf8)]
    var frontier = [Explanation.RolePath(names: [member], lines: [])]
    for _ in 0..<RoleGraph.maximumDepth {
      var next: [Explanation.RolePath] = []
      for path in frontier {
        for link in links[Array((path.names.last ?? "").utf8)] ?? [] {
          let longer = Explanation.RolePath(names: path.names + [link.role], lines: path.lines + [link.line])
          if link.role.isSame(as: role) { return longer }
          if known.insert(Array(link.role.utf8)).inserted { next.append(longer) }
        }
      }
      frontier = next
    }
    return nil
  }
}
