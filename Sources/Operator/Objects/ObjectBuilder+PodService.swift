import KubernetesClient

extension ObjectBuilder {
  /// The Service of one pod, by which clients reach that server and no other.
  ///
  /// Not `publishNotReadyAddresses`: a server that is not ready can answer nobody, not even who leads, which every ready
  /// one knows. A client that is refused at once goes on to the next; one that is let in waits. Servers among themselves
  /// use the headless Service.
  func podService(_ ordinal: Int) -> DesiredObject {
    let pod = Names.pod(name, ordinal)
    var selector = Names.selector(name)
    selector[Names.podNameLabel] = .string(pod)
    let common = spec.access.common
    let override = spec.access.overrides[pod]
    return object(
      .service, Names.podService(name, ordinal), .access, labels: common.labels,
      annotations: common.annotations.merging(override?.annotations ?? [:]) { $1 },
      body: ["spec": serviceSpec(common, selector: selector, override: override)])
  }
}
