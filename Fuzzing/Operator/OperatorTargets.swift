import FuzzSupport
import NIOCore

@testable import KubernetesClient
@testable import Operator

let operatorTargets: [FuzzTarget] = [.quantity, .progLogSpec, .certificateSecrets]

extension FuzzTarget {
  static let quantity = FuzzTarget(
    "quantity", maximumBytes: 40,
    seeds: { ["0", "500m", "1.5", "10Gi", "0.001k", "8Pi", "9223372036854775"].map { Array($0.utf8) } },
    dictionary: ["Ki", "Mi", "Gi", "Ti", "Pi", "9223372036854775807", "0.000000001"],
    run: { input in
      let text = String(decoding: input, as: UTF8.self)
      guard let quantity = Quantity(text) else { return false }
      let zero = text.utf8.allSatisfy { !(UInt8(ascii: "1")...UInt8(ascii: "9")).contains($0) }
      try require(quantity.isPositive == !zero, "\(text) is taken for \(quantity)")
      try require(Quantity("0" + text) == quantity, "a zero in front of \(text) changes it")
      if !text.contains(where: { $0.isLetter }), !text.contains(".") {
        try require(quantity.isWhole && Quantity(text + "000m") ?? quantity == quantity, "\(text) is not \(text)000m")
      }
      return true
    })

  /// A ProgLog as somebody wrote it. The CRD's schema is not the only guard.
  static let progLogSpec = FuzzTarget(
    "proglog-spec", maximumBytes: 1024,
    seeds: {
      [
        #"{"name":"a","spec":{}}"#,
        #"{"name":"a-1","spec":{"replicas":5,"hibernated":true,"image":"i","imagePullPolicy":"Always","logLevel":"debug"}}"#,
        #"{"name":"a","spec":{"log":{"maxStoreBytes":4194304},"storage":{"size":"10Gi","storageClassName":"s","retention":{"whenDeleted":"Delete"}}}}"#,
        #"{"name":"a","spec":{"access":{"type":"NodePort","annotations":{"a":"b"}},"service":{"type":"ClusterIP"},"podLabels":{"x":"y"}}}"#,
        #"{"name":"a","spec":{"resources":{"requests":{"cpu":"500m","memory":1},"limits":{"cpu":1,"memory":"1Gi"}}}}"#,
        #"{"name":"a","spec":{"tls":{"leafLifetime":"1h30m","extraNames":["a.b","::1"]},"users":[{"name":"u","actions":["admin"]}]}}"#,
        #"{"name":"a","spec":{"acl":{"rules":[{"subject":"s","actions":["produce"],"effect":"Deny"}]},"log":{"retentionAge":"7d"}}}"#,
        #"{"name":"a","spec":{"access":{"overrides":[{"pod":"a-0","rpcNodePort":30000}],"loadBalancerSourceRanges":["10.0.0.0/8"]}}}"#,
        #"{"name":"a","spec":{"tls":{"mode":"Secrets","secretPrefix":"p","adminSecret":"s"},"tolerations":[{}],"affinity":{}}}"#,
      ].map { Array($0.utf8) }
    },
    dictionary: [
      #""resources""#, #""requests""#, #""limits""#, #""storage""#, #""size""#, #""replicas""#, #""podLabels""#,
      #""annotations""#, #""overrides""#, #""tls""#, #""users""#, #""acl""#, #""rules""#, "Pi", "1e3", "null",
    ],
    run: { input in
      guard let content = try? KubernetesObject.parsed(input) else { return false }
      do {
        let spec = try ProgLogSpec(of: content)
        try require([1, 3, 5, 7, 9].contains(spec.replicas), "\(spec.replicas) replicas pass")
        try require((3600...315_360_000).contains(spec.tls.leafLifetime), "leaves of \(spec.tls.leafLifetime) s pass")
        try require(Set(spec.users.map(\.name)).count == spec.users.count, "a user passes twice")
        let isPlain = spec.tls.mode == .disabled
        try require(!isPlain || spec.users.isEmpty && spec.acl == .init(), "rules pass without certificates")
        try require(Quantity(spec.storage.size)?.isPositive == true, "storage of \(spec.storage.size) passes")
        for label in spec.pods.labels.values { try require(label.utf8.count <= 63, "label \(label) passes") }
        return true
      } catch let error as InvalidSpec {
        try require(!error.field.isEmpty && !error.message.isEmpty, "an error without a text")
        return false
      }
    })
}

extension KubernetesObject {
  /// `{"name": …, "spec": …}` as an object.
  fileprivate static func parsed(_ bytes: [UInt8]) throws -> KubernetesObject {
    let json = try JSONCoding.decode(ByteBuffer(bytes: bytes))
    return KubernetesObject(["metadata": ["name": json["name"] ?? ""], "spec": json["spec"] ?? nil])
  }
}
