/// Decides as casbin's documentation says it: every line, one after the other, and the effect over what matched.
/// Nothing of it is shared with what it checks.
struct NaiveEvaluator {
  let world: RandomWorld

  /// - Returns: whether it is allowed, and the number of the line that decides.
  func decide(_ request: [String]) -> (isAllowed: Bool, line: Int?) {
    guard usesPolicy(world.matcher), !world.lines.isEmpty else {
      return (holds(withoutLines(world.matcher), request, []), nil)
    }
    let matching = ordered.filter { holds(world.matcher, request, $0.fields) }
    let allow = matching.first { isAllow($0) }
    let deny = matching.first { !isAllow($0) }
    switch RandomWorld.effects.firstIndex(of: world.effect) {
    case 0: return (allow != nil, allow?.number)
    case 1: return (deny == nil, deny?.number)
    case 2: return deny.map { (false, $0.number) } ?? (allow != nil, allow?.number)
    default: return matching.first.map { (isAllow($0), $0.number) } ?? (false, nil)
    }
  }

  private var ordered: [RandomWorld.Line] {
    guard let index = world.fields.firstIndex(of: "priority") else { return world.lines }
    return world.lines.enumerated()
      .sorted { (Int($0.element.fields[index]) ?? 0, $0.offset) < (Int($1.element.fields[index]) ?? 0, $1.offset) }
      .map(\.element)
  }

  private func isAllow(_ line: RandomWorld.Line) -> Bool {
    world.fields.firstIndex(of: "eft").map { line.fields[$0] == "allow" } ?? true
  }

  /// Without lines, alternatives that name one cannot hold.
  private func withoutLines(_ matcher: RandomWorld.Matcher) -> RandomWorld.Matcher {
    guard case .any(let parts) = matcher else { return usesPolicy(matcher) ? .any([]) : matcher }
    return .any(parts.map(withoutLines))
  }

  private func usesPolicy(_ matcher: RandomWorld.Matcher) -> Bool {
    func isPolicy(_ value: RandomWorld.Value) -> Bool { if case .policy = value { true } else { false } }
    return switch matcher {
    case .equal(let left, let right), .different(let left, let right), .role(let left, let right),
      .keyMatch(let left, let right), .glob(let left, let right):
      isPolicy(left) || isPolicy(right)
    case .member(let value, let list): isPolicy(value) || list.contains(where: isPolicy)
    case .not(let inner): usesPolicy(inner)
    case .all(let parts), .any(let parts): parts.contains(where: usesPolicy)
    }
  }

  private func holds(_ matcher: RandomWorld.Matcher, _ request: [String], _ fields: [String]) -> Bool {
    func value(_ value: RandomWorld.Value) -> [UInt8] {
      switch value {
      case .request(let index): Array(request[index].utf8)
      case .policy(let index): Array(fields[index].utf8)
      case .text(let text): Array(text.utf8)
      }
    }
    return switch matcher {
    case .equal(let left, let right): value(left) == value(right)
    case .different(let left, let right): value(left) != value(right)
    case .member(let member, let list): list.contains { value($0) == value(member) }
    case .role(let member, let role): hasRole(value(member), value(role))
    case .keyMatch(let text, let pattern): keyMatch(value(text), value(pattern))
    case .glob(let text, let pattern): glob(value(text)[...], value(pattern)[...])
    case .not(let inner): !holds(inner, request, fields)
    case .all(let parts): parts.allSatisfy { holds($0, request, fields) }
    case .any(let parts): parts.contains { holds($0, request, fields) }
    }
  }

  private func hasRole(_ member: [UInt8], _ role: [UInt8]) -> Bool {
    var reached: Set<[UInt8]> = [member]
    for _ in 0..<10 {
      reached.formUnion(world.links.filter { reached.contains(Array($0.member.utf8)) }.map { Array($0.role.utf8) })
    }
    return reached.contains(role)
  }

  private func keyMatch(_ text: [UInt8], _ pattern: [UInt8]) -> Bool {
    guard let star = pattern.firstIndex(of: UInt8(ascii: "*")) else { return text == pattern }
    return text.starts(with: pattern[..<star])
  }

  /// Of stars, question marks and other characters, which is what the words have.
  private func glob(_ text: ArraySlice<UInt8>, _ pattern: ArraySlice<UInt8>) -> Bool {
    guard let first = pattern.first else { return text.isEmpty }
    let slash = UInt8(ascii: "/")
    switch first {
    case UInt8(ascii: "*"):
      return glob(text, pattern.dropFirst())
        || (text.first.map { $0 != slash } ?? false) && glob(text.dropFirst(), pattern)
    case UInt8(ascii: "?"):
      return (text.first.map { $0 != slash } ?? false) && glob(text.dropFirst(), pattern.dropFirst())
    default: return text.first == first && glob(text.dropFirst(), pattern.dropFirst())
    }
  }
}
