/// How the lines that match a request make a decision.
enum PolicyEffect: String, Sendable, CaseIterable {
  case allowOverride = "some(where (p.eft == allow))"
  case denyOverride = "!some(where (p.eft == deny))"
  case allowAndNoDeny = "some(where (p.eft == allow)) && !some(where (p.eft == deny))"
  case priority = "priority(p.eft) || deny"

  init(_ definition: ModelFile.Definition) throws(PolicyError) {
    let kinds = try Lexer.tokens(of: definition).map(\.kind)
    for effect in Self.allCases {
      if try kinds == Self.kinds(of: effect) {
        self = effect
        return
      }
    }
    throw definition.text.error(
      at: definition.range.lowerBound, "'\(definition.text.bytes[definition.range].text)' is no known effect",
      "the effects are \(Self.allCases.map { "'\($0.rawValue)'" }.joined(separator: ", "))")
  }

  private static func kinds(of effect: PolicyEffect) throws(PolicyError) -> [Token.Kind] {
    var text = ModelText(file: "")
    text.append(effect.rawValue.utf8, line: 1, column: 1)
    return try Lexer.tokens(of: ModelFile.Definition(text: text, range: text.bytes.indices)).map(\.kind)
  }

  /// The decision, by the first matching line of each kind.
  ///
  /// - Parameters: places in the order in which lines count, nil where none matches.
  func decide(firstAllow: Int?, firstDeny: Int?) -> (isAllowed: Bool, place: Int?) {
    switch self {
    case .allowOverride: (firstAllow != nil, firstAllow)
    case .denyOverride: (firstDeny == nil, firstDeny)
    case .allowAndNoDeny: firstDeny.map { (false, $0) } ?? (firstAllow != nil, firstAllow)
    case .priority:
      if let firstAllow, firstAllow < firstDeny ?? .max { (true, firstAllow) } else { (false, firstDeny) }
    }
  }
}
