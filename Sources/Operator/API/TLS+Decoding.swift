extension ProgLogSpec.TLS {
  /// A leaf is renewed when a third of its life is left; with less than an hour, a stop of the operator would be an outage.
  private static let leafLifetimes: ClosedRange<Int64> = 3600...10 * 365 * 86_400
  private static let trustGracePeriods: ClosedRange<Int64> = 0...86_400

  init(_ reader: SpecReader) throws(InvalidSpec) {
    mode = try reader.choice("mode") ?? mode
    leafLifetime =
      try reader.seconds(
        "leafLifetime", in: Self.leafLifetimes, allowed: "1h to 87600h, such as 2160h") ?? leafLifetime
    trustGracePeriod =
      try reader.seconds(
        "trustGracePeriod", in: Self.trustGracePeriods, allowed: "0s to 24h, such as 10m") ?? trustGracePeriod
    // With the pod's ordinal behind it, it is a Secret's name.
    secretPrefix = try reader.string("secretPrefix", longest: 251, allowed: "the first part of Secrets' names") {
      Syntax.isObjectName($0)
    }
    adminSecret = try reader.string("adminSecret", allowed: "a Secret's name", where: Syntax.isObjectName)
    extraNames = try reader.texts(
      "extraNames", most: 32, longest: 253, allowed: "a host's name, which may begin with *., or an IP address"
    ) { Syntax.isHostPattern($0) || Syntax.isIPAddress($0) }
    guard mode == .secrets else { return }
    for (name, secret) in [("secretPrefix", secretPrefix), ("adminSecret", adminSecret)] where secret == nil {
      throw reader.invalid(name, "is missing, which spec.tls.mode Secrets needs")
    }
  }
}
