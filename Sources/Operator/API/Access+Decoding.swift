extension ProgLogSpec.Access {
  /// - Parameter log: the name of the ProgLog, of which those of its pods are made.
  init(_ reader: SpecReader, log: String) throws(InvalidSpec) {
    common = try ProgLogSpec.ServiceSettings(reader, otherwise: common.type)
    var ports: Set<Int64> = []
    for entry in try reader.objects("overrides", most: ProgLogSpec.mostReplicas) {
      let pod = try entry.required("pod", Self.pod(entry, of: log))
      guard overrides[pod] == nil else { throw entry.invalid("pod", "is \(pod), which has an entry already") }
      let override = try Override(entry)
      for (name, port) in [("rpcNodePort", override.rpcNodePort), ("httpNodePort", override.httpNodePort)] {
        guard let port else { continue }
        guard ports.insert(port).inserted else { throw entry.invalid(name, "is \(port), which is given twice") }
      }
      overrides[pod] = override
    }
  }

  private static func pod(_ entry: SpecReader, of log: String) throws(InvalidSpec) -> String? {
    let last = ProgLogSpec.mostReplicas - 1
    let allowed = "the name of a pod of this log, \(Names.pod(log, 0)) to \(Names.pod(log, last))"
    return try entry.string("pod", allowed: allowed) { name in
      Names.ordinal(name, of: log).map((0...last).contains) ?? false
    }
  }
}

extension ProgLogSpec.Access.Override {
  init(_ reader: SpecReader) throws(InvalidSpec) {
    annotations = try reader.annotations("annotations")
    loadBalancerIP = try reader.string(
      "loadBalancerIP", allowed: "an IPv4 or IPv6 address", where: Syntax.isIPAddress)
    // What Kubernetes' API server gives out unless it was told otherwise.
    rpcNodePort = try reader.integer("rpcNodePort", in: 30_000...32_767)
    httpNodePort = try reader.integer("httpNodePort", in: 30_000...32_767)
    advertisedHost = try reader.string("advertisedHost", longest: 253, allowed: "a host's name or its IP address") {
      Syntax.isHost($0) || Syntax.isIPAddress($0)
    }
  }
}
