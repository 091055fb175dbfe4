extension ObjectBuilder {
  /// `addresses.yaml`: what logd tells clients about where the servers are. Those who came by a name inside the cluster
  /// are told names inside, all others the addresses outside, where there are any.
  func addressesText() -> String {
    let hosts = internalNames.map { "  - \($0.quotedForYAML)\n" }.joined()
    let members = ordinals.compactMap { ordinal -> String? in
      let pod = Names.pod(name, ordinal)
      // logd refuses a whole file for one host that is none.
      guard let address = addresses[pod], Self.canonical(address.host) != nil else { return nil }
      return "  \(pod): \(address.rpc.quotedForYAML)\n"
    }
    // `members:` alone would be null.
    return header + "internal:\n\(hosts)" + (members.isEmpty ? "members: {}\n" : "members:\n\(members.joined())")
  }
}
