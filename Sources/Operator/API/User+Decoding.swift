extension ProgLogSpec.User {
  /// The users of a spec. A label of 63 characters behind the longest name of a log is far from the 253 that a Secret's
  /// name may have.
  static func list(_ reader: SpecReader) throws(InvalidSpec) -> [Self] {
    var users: [Self] = []
    for entry in try reader.objects("users", most: 256) {
      let user = try Self(entry)
      guard !users.contains(where: { $0.name == user.name }) else {
        throw entry.invalid("name", "is \"\(user.name)\", which there is already")
      }
      users.append(user)
    }
    return users
  }

  private init(_ reader: SpecReader) throws(InvalidSpec) {
    let name = try reader.string(
      "name", longest: 63, allowed: "at most 63 of a-z, 0-9 and -, with a letter or digit at both ends",
      where: Syntax.isLabel)
    self.name = try reader.required("name", name)
    actions = try reader.choices("actions") ?? actions
  }
}
