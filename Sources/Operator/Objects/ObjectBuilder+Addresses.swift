extension ObjectBuilder {
  /// `addresses.yaml`: what logd tells clients about where the servers are. Those who came by a name inside the cluster
  /// are told names inside, all others the addresses outside, where there are any.
  func addressesText() -> String {
    let hosts = internalNames.map { "  - \($0.quotedForYAML)\n" }.joined()
    let members = ordinals.compactMap { ordinal in
      let pod = Names.pod(name, ordinal)
      return addresses[pod].map { "  \(pod): \($0.rpc.quotedForYAML)\n" }
    }
    // `members:` alone would be null.
    return header + "internal:\n\(hosts)" + (members.isEmpty ? "members: {}\n" : "members:\n\(members.joined())")
  }
}
