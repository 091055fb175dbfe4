/// Whom a query asks (Serf's `query.go`): its first byte is the kind.
enum QueryFilter {
  private static let names: UInt8 = 0

  /// Whether all filters let a member of that name through. One by tags is a regular expression, which a stranger may
  /// make as costly as it likes: like one that Serf does not know, it lets nobody through.
  static func all(_ filters: [[UInt8]], admit name: MemberName) -> Bool {
    filters.allSatisfy { admits($0, name) }
  }

  private static func admits(_ filter: [UInt8], _ name: MemberName) -> Bool {
    guard filter.first == names else { return false }
    var reader = MessagePackReader(filter)
    do {
      try reader.skip(1)
      for _ in 0..<(try reader.arrayCount(limit: WireLimits.members)) where try reader.memberName() == name {
        return true
      }
    } catch {
      return false
    }
    return false
  }
}
