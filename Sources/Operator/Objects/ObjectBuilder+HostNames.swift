import Certificates

/// The names under which servers are reached. Certificates and `addresses.yaml` are made from the same ones, so that no
/// client is told a name that no certificate has.
extension ObjectBuilder {
  /// Hosts inside the cluster by which clients come. One with a leading dot stands for every host below it.
  var internalNames: [String] {
    let pods = ordinals.flatMap { Self.forms(Names.podService(name, $0), identity.namespace) }
    return sharedHosts + headlessHosts.map { ".\($0)" } + pods
  }

  /// DNS names and IP addresses of the certificate that a pod shows to clients, sorted.
  func certificateNames(_ ordinal: Int) -> [String] {
    let pod = Names.pod(name, ordinal)
    let ownHosts =
      Self.forms(Names.podService(name, ordinal), identity.namespace) + headlessHosts.map { "\(pod).\($0)" }
    // Whoever knows a load balancer's own address goes on being served when another is advertised.
    let outside = [addresses[pod]?.host].compactMap { $0 } + (podServiceHosts[pod] ?? []) + serviceHosts
    return Self.sorted(sharedHosts + ownHosts + Self.loopback + outside + spec.tls.extraNames)
  }

  /// Those of the certificate that a pod shows to other nodes, which know it by one name only.
  func nodeCertificateNames(_ ordinal: Int) -> [String] {
    Self.sorted([Names.memberHost(name, ordinal, in: identity.namespace), "localhost"])
  }

  /// Any server may answer under these.
  private var sharedHosts: [String] { Self.forms(Names.clientService(name), identity.namespace) + headlessHosts }

  private var headlessHosts: [String] { Self.forms(Names.headlessService(name), identity.namespace) }

  /// How a Service is called: in its namespace, in others, and in full, in a cluster of the usual domain.
  private static func forms(_ service: String, _ namespace: String) -> [String] {
    ["", ".\(namespace)", ".\(namespace).svc", ".\(namespace).svc.cluster.local"].map { service + $0 }
  }

  /// For whoever works inside of the pod, or through `kubectl port-forward`.
  private static let loopback = ["localhost", "127.0.0.1", "::1"]

  /// Each once and as a certificate holds it, so that a plan can compare. What no certificate can hold stays, for the plan
  /// to tell of it.
  private static func sorted(_ names: [String]) -> [String] {
    Set(names.map { canonical($0) ?? $0 }).sorted()
  }

  /// A host's name or an address as certificates hold it; nil for what is neither.
  static func canonical(_ name: String) -> String? {
    if let address = try? AlternativeName(ip: name) {
      return String("\(address)".dropFirst("IP:".count))
    }
    let host = name.hasSuffix(".") ? String(name.dropLast()) : name
    guard case .dns(let canonical)? = try? AlternativeName(dns: host) else { return nil }
    return canonical
  }
}
