import KubernetesClient

extension ProgLogSpec {
  /// Reads and checks the spec of a resource. The API server has checked it by the CRD's schema already; an older CRD,
  /// or one that somebody loosened, must not make the operator do what it cannot.
  init(of resource: KubernetesObject) throws(InvalidSpec) {
    try Self.checkName(resource.name)
    let reader = try SpecReader(resource.content["spec"], at: "spec")
    replicas = Int(
      try reader.integer("replicas", in: 1...9) ?? Int64(replicas))
    guard !replicas.isMultiple(of: 2) else {
      throw reader.invalid("replicas", "must be odd (1, 3, 5, 7 or 9), but is \(replicas)")
    }
    isHibernated = reader.bool("hibernated") ?? false
    tls.mode = try (reader.object("tls").choice("mode")) ?? tls.mode
    image = try reader.string("image", allowed: "an image's name without spaces") {
      !$0.contains(where: \.isWhitespace)
    }
    imagePullPolicy = try reader.choice("imagePullPolicy")
    logLevel = try reader.choice("logLevel") ?? logLevel
    log = try LogSettings(reader.object("log"))
    storage = try Storage(reader.object("storage"))
    access.common = try ServiceSettings(reader.object("access"), otherwise: access.common.type)
    service = try ServiceSettings(reader.object("service"), otherwise: service.type)
    pods.resources = try Resources(reader.object("resources"))
    pods.annotations = try Self.unreserved("podAnnotations", in: reader)
    pods.labels = try Self.unreserved("podLabels", in: reader)
    for (key, label) in pods.labels where label.utf8.count > 63 {
      throw reader.invalid("podLabels.\(key)", "must have at most 63 characters")
    }
  }

  private static func checkName(_ name: String) throws(InvalidSpec) {
    let isAllowed =
      name.utf8.count <= Names.longestName && name.utf8.first.map { isLetter($0) } == true && !name.hasSuffix("-")
      && name.utf8.allSatisfy { isLetter($0) || isDigit($0) || $0 == UInt8(ascii: "-") }
    guard isAllowed else {
      throw InvalidSpec(
        field: "metadata.name",
        message: "must be at most \(Names.longestName) of a-z, 0-9 and -, begin with a letter and not end with -, "
          + "but is \"\(name)\"")
    }
  }

  private static func unreserved(_ name: String, in reader: SpecReader) throws(InvalidSpec) -> [String: String] {
    let entries = try reader.strings(name)
    for key in entries.keys.sorted() where Names.reservedPrefixes.contains(where: key.hasPrefix) {
      throw reader.invalid("\(name).\(key)", "is the operator's own and cannot be set")
    }
    return entries
  }

  fileprivate static func isLetter(_ byte: UInt8) -> Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) }
  fileprivate static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
}

extension ProgLogSpec.LogSettings {
  fileprivate init(_ reader: SpecReader) throws(InvalidSpec) {
    maxStoreBytes = try reader.integer("maxStoreBytes", in: 2_097_152...4_294_967_295)
    maxIndexBytes = try reader.integer("maxIndexBytes", in: 4096...1_073_741_824)
  }
}

extension ProgLogSpec.Storage {
  fileprivate init(_ reader: SpecReader) throws(InvalidSpec) {
    size =
      try reader.string("size", longest: 32, allowed: "a quantity of bytes such as 500Mi or 10Gi") {
        Quantity($0).map { $0.isWhole && $0.isPositive } ?? false
      } ?? size
    storageClassName = try reader.string(
      "storageClassName", longest: 253, allowed: "the name of a storage class (a-z, 0-9, - and .)"
    ) { name in
      name.utf8.allSatisfy {
        ProgLogSpec.isLetter($0) || ProgLogSpec.isDigit($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ".")
      }
    }
    let retention = try reader.object("retention")
    whenDeleted = try retention.choice("whenDeleted") ?? whenDeleted
    whenScaled = try retention.choice("whenScaled") ?? whenScaled
  }
}

extension ProgLogSpec.ServiceSettings {
  fileprivate init(_ reader: SpecReader, otherwise type: ProgLogSpec.AccessType) throws(InvalidSpec) {
    self.type = try reader.choice("type") ?? type
    annotations = try reader.strings("annotations")
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
