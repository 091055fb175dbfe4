import KubernetesClient

extension ObjectBuilder {
  /// Where clients in the cluster start: any ready server tells them of the others.
  func clientService() -> DesiredObject {
    object(
      .service, Names.clientService(name), .client, labels: spec.service.labels, annotations: spec.service.annotations,
      body: ["spec": serviceSpec(spec.service, selector: Names.selector(name))])
  }
}
