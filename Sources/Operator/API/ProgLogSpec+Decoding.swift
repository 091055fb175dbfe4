import KubernetesClient

extension ProgLogSpec {
  /// Ordinals of pods go from 0 to below this.
  static let mostReplicas = 9

  /// Reads and checks the spec of a resource. The API server has checked it by the CRD's schema already; an older CRD,
  /// one that somebody loosened, or a Kubernetes before 1.25, which passes over rules, must not make the operator do
  /// what it cannot.
  init(of resource: KubernetesObject) throws(InvalidSpec) {
    try Self.checkName(resource.name)
    let reader = try SpecReader(resource.content["spec"], at: "spec")
    replicas = Int(
      try reader.integer("replicas", allowed: "1, 3, 5, 7 or 9") {
        (1...Int64(Self.mostReplicas)).contains($0) && !$0.isMultiple(of: 2)
      } ?? Int64(replicas))
    isHibernated = try reader.bool("hibernated") ?? isHibernated
    try readImage(reader)
    logLevel = try reader.choice("logLevel") ?? logLevel
    log = try LogSettings(reader.object("log"))
    storage = try Storage(reader.object("storage"))
    access = try Access(reader.object("access"), log: resource.name)
    service = try ServiceSettings(reader.object("service"), otherwise: service.type)
    tls = try TLS(reader.object("tls"))
    acl = try AccessControlList(reader.object("acl"))
    users = try User.list(reader)
    pods = try PodSettings(reader)
    networkPolicy = try NetworkPolicySettings(reader.object("networkPolicy"))
    podDisruptionBudget.isEnabled =
      try reader.object("podDisruptionBudget").bool("enabled") ?? podDisruptionBudget.isEnabled
    monitoring = try Monitoring(reader.object("monitoring"))
    try checkNamesAreShown(reader)
  }

  private mutating func readImage(_ reader: SpecReader) throws(InvalidSpec) {
    image = try reader.string("image", allowed: "an image's name without spaces") {
      !$0.contains(where: \.isWhitespace)
    }
    imagePullPolicy = try reader.choice("imagePullPolicy")
    for secret in try reader.objects("imagePullSecrets", most: 16) {
      let name = try secret.string("name", allowed: "a Secret's name", where: Syntax.isObjectName)
      imagePullSecrets.append(try secret.required("name", name))
    }
  }

  private static func checkName(_ name: String) throws(InvalidSpec) {
    let startsWithLetter = name.utf8.first.map { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) } ?? false
    guard name.utf8.count <= Names.longestName, startsWithLetter, Syntax.isLabel(name) else {
      throw InvalidSpec(
        field: "metadata.name",
        message: "must be at most \(Names.longestName) of a-z, 0-9 and -, begin with a letter and not end with -, "
          + "but is \"\(name)\"")
    }
  }

  /// Rules go by the names in clients' certificates; logd refuses to start with rules and without TLS.
  private func checkNamesAreShown(_ reader: SpecReader) throws(InvalidSpec) {
    guard tls.mode == .disabled else { return }
    let reason = "needs certificates, but spec.tls.mode is Disabled: remove it, or use Managed or Secrets"
    if !users.isEmpty { throw reader.invalid("users", reason) }
    if !acl.rules.isEmpty { throw reader.invalid("acl.rules", reason) }
    if acl.configMap != nil { throw reader.invalid("acl.configMap", reason) }
  }
}
