import KubernetesClient

extension Planner {
  /// Waits for the addresses that `spec.access.type` promises.
  func addresses(_ situation: Situation) -> [Step] {
    guard situation.spec.access.common.type == .loadBalancer, !situation.spec.isHibernated else { return [] }
    return situation.wanted.compactMap { ordinal in
      let name = Names.podService(situation.name, ordinal)
      guard ClientAddress.loadBalancer(of: situation.observation[.service, name]) == nil else { return nil }
      return pending(
        .addressPending, ObjectReference(type: .service, name: name),
        because: "no load balancer has given it an address; in a cluster that has none, "
          + "set spec.access.type to NodePort or ClusterIP")
    }
  }
}
