import KubernetesClient

extension SpecReader {
  /// Objects, each read for itself and named by its place.
  func objects(_ name: String, most: Int) throws(InvalidSpec) -> [SpecReader] {
    var readers: [SpecReader] = []
    for (index, element) in try list(name, most: most).enumerated() {
      readers.append(try object("\(name)[\(index)]", element))
    }
    return readers
  }

  /// Texts, none of them twice.
  func texts(
    _ name: String, most: Int, longest: Int, allowed: String, where isAllowed: (String) -> Bool
  ) throws(InvalidSpec) -> [String] {
    var texts: [String] = []
    for (index, element) in try list(name, most: most).enumerated() {
      guard let text = element.string, !text.isEmpty, text.utf8.count <= longest, isAllowed(text) else {
        throw invalid("\(name)[\(index)]", "must be \(allowed), but is \(Self.shown(element))")
      }
      guard !texts.contains(text) else { throw invalid("\(name)[\(index)]", "is \"\(text)\", which is there already") }
      texts.append(text)
    }
    return texts
  }

  /// One or more of the choices, none of them twice; nil where the list is absent.
  func choices<Choice: RawRepresentable & CaseIterable & Hashable>(_ name: String) throws(InvalidSpec) -> [Choice]?
  where Choice.RawValue == String {
    guard member(name) != nil else { return nil }
    var choices: [Choice] = []
    for (index, element) in try list(name, most: Choice.allCases.count).enumerated() {
      let choice: Choice = try choice("\(name)[\(index)]", element)
      guard !choices.contains(choice) else {
        throw invalid("\(name)[\(index)]", "is \(choice.rawValue), which is there already")
      }
      choices.append(choice)
    }
    guard !choices.isEmpty else { throw invalid(name, "must name at least one") }
    return choices
  }

  /// Objects of Kubernetes' own, which are passed on as they are.
  func passedOn(_ name: String, most: Int) throws(InvalidSpec) -> JSONValue? {
    guard member(name) != nil else { return nil }
    _ = try objects(name, most: most)
    return member(name)
  }

  /// An object of Kubernetes' own, which is passed on as it is.
  func passedOn(_ name: String) throws(InvalidSpec) -> JSONValue? {
    _ = try object(name)
    return member(name)
  }

  private func list(_ name: String, most: Int) throws(InvalidSpec) -> [JSONValue] {
    guard let member = member(name) else { return [] }
    guard let elements = member.array else { throw invalid(name, "must be a list, but is \(Self.shown(member))") }
    guard elements.count <= most else {
      throw invalid(name, "must have at most \(most) entries, but has \(elements.count)")
    }
    return elements
  }
}
