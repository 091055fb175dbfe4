import KubernetesClient

extension SpecReader {
  /// As many as the longest list of labels that anybody wants; Kubernetes itself bounds only their bytes.
  private static let mostEntries = 64
  /// Half a percent of what Kubernetes lets all annotations of an object have together, with room for a cloud's JSON.
  private static let longestAnnotation = 8192

  /// Labels that the operator does not need for itself.
  func labels(_ name: String) throws(InvalidSpec) -> [String: String] {
    try unreserved(name, labelValues(name))
  }

  /// Labels that objects are chosen by.
  func labelValues(_ name: String) throws(InvalidSpec) -> [String: String] {
    try strings(name) { key, label throws(InvalidSpec) in
      guard label.utf8.count <= 63 else { throw invalid("\(name).\(key)", "must have at most 63 characters") }
      guard Syntax.isLabelValue(label) else {
        throw invalid(
          "\(name).\(key)",
          "must be made of letters, digits, -, _ and ., with a letter or digit at both ends, but is "
            + Self.shown(.string(label)))
      }
    }
  }

  /// Annotations that the operator does not need for itself.
  func annotations(_ name: String) throws(InvalidSpec) -> [String: String] {
    let annotations = try strings(name) { key, text throws(InvalidSpec) in
      guard text.utf8.count <= Self.longestAnnotation else {
        throw invalid("\(name).\(key)", "must have at most \(Self.longestAnnotation) bytes")
      }
    }
    return try unreserved(name, annotations)
  }

  /// Amounts by the names of resources.
  func quantities(_ name: String) throws(InvalidSpec) -> [String: String] {
    try map(name, most: 16) { key, value throws(InvalidSpec) in
      let text = value.string ?? value.integer.map { String($0) } ?? ""
      guard Quantity(text) != nil else {
        throw invalid("\(name).\(key)", "must be a quantity such as 500m or 1Gi, but is \(Self.shown(value))")
      }
      return text
    }
  }

  private func strings(
    _ name: String, _ check: (String, String) throws(InvalidSpec) -> Void
  ) throws(InvalidSpec) -> [String: String] {
    try map(name, most: Self.mostEntries) { key, value throws(InvalidSpec) in
      guard let text = value.string else { throw invalid("\(name).\(key)", "must be a string; put it into quotes") }
      try check(key, text)
      return text
    }
  }

  private func unreserved(_ name: String, _ entries: [String: String]) throws(InvalidSpec) -> [String: String] {
    for key in entries.keys.sorted() where Names.reservedPrefixes.contains(where: key.hasPrefix) {
      throw invalid("\(name).\(key)", "is the operator's own and cannot be set")
    }
    return entries
  }

  private func map(
    _ name: String, most: Int, _ read: (String, JSONValue) throws(InvalidSpec) -> String
  ) throws(InvalidSpec) -> [String: String] {
    guard let member = member(name) else { return [:] }
    guard let entries = member.object else { throw invalid(name, "must be an object, but is \(Self.shown(member))") }
    guard entries.count <= most else {
      throw invalid(name, "must have at most \(most) entries, but has \(entries.count)")
    }
    var result: [String: String] = [:]
    for (key, value) in entries.sorted(by: { $0.key < $1.key }) {
      guard Syntax.isKey(key) else {
        throw invalid("\(name).\(key)", "has no key that Kubernetes takes, such as zone or example.com/zone")
      }
      result[key] = try read(key, value)
    }
    return result
  }
}
