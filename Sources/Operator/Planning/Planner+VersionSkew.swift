import KubernetesClient

/// Servers that are older than the operator.
extension Planner {
  /// The settings that the servers are given: today's, unless `spec.image` names an image. Then its tag says whose it knows. Where
  /// it does not, as in a digest, servers that already run go on with what they were started with: they may be as old as that.
  static func settingsVersion(_ spec: ProgLogSpec, _ observation: Observation) -> SettingsVersion {
    guard let image = spec.image else { return .current }
    if let version = SettingsVersion(image: image) { return version }
    guard image == runningImage(observation),
      let configMap = observation[.configMap, Names.configMap(observation.resource.name)]
    else { return .current }
    // Before there were versions there was no annotation.
    let recorded = configMap.annotations[Names.settingsVersionAnnotation].flatMap { Int($0) } ?? 1
    return min(.current, SettingsVersion(rawValue: recorded) ?? .current)
  }

  /// Of the pods where there is no StatefulSet: it is made anew around them when volumes grow.
  private static func runningImage(_ observation: Observation) -> String? {
    let pod = observation.statefulSet?.spec[path: "template", "spec"] ?? observation.pods.first?.spec
    return pod?["containers"]?.array?.first { $0["name"]?.string == Names.container }?["image"]?.string
  }
}
