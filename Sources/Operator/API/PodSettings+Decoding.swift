extension ProgLogSpec.PodSettings {
  /// - Parameter reader: of the spec itself, where these fields are.
  init(_ reader: SpecReader) throws(InvalidSpec) {
    resources = try ProgLogSpec.Resources(reader.object("resources"))
    annotations = try reader.annotations("podAnnotations")
    labels = try reader.labels("podLabels")
    nodeSelector = try reader.labelValues("nodeSelector")
    affinity = try reader.passedOn("affinity")
    tolerations = try reader.passedOn("tolerations", most: 64)
    topologySpreadConstraints = try reader.passedOn("topologySpreadConstraints", most: 16)
    priorityClassName = try reader.string(
      "priorityClassName", allowed: "the name of a priority class", where: Syntax.isObjectName)
    securityContext = try reader.passedOn("securityContext")
    // logd takes up to 10 s to answer the calls at hand; an hour is there to catch a wrong unit.
    terminationGracePeriodSeconds =
      try reader.integer("terminationGracePeriodSeconds", in: 15...3600) ?? terminationGracePeriodSeconds
  }
}

extension ProgLogSpec.Resources {
  fileprivate init(_ reader: SpecReader) throws(InvalidSpec) {
    requests = try reader.quantities("requests")
    limits = try reader.quantities("limits")
    for name in requests.keys.sorted() {
      guard let request = requests[name].flatMap(Quantity.init), let limit = limits[name].flatMap(Quantity.init) else {
        continue
      }
      guard request <= limit else {
        throw reader.invalid("requests.\(name)", "must not be above spec.resources.limits.\(name)")
      }
    }
  }
}
