import KubernetesClient

struct CertificateIssuer: Sendable {
  func secret(for work: CertificateWork, _ situation: Situation, time: Int64) throws -> DesiredObject {
    throw InvalidSpec(field: "spec.tls", message: "is not there yet")
  }
}

final class AdminCertificates: Sendable {
  func credentials(_ observation: Observation) -> MemberEndpoint.Credentials { .plaintext }
  func forget(_ key: ObjectKey) {}
}

extension Planner {
  func certificates(_ situation: Situation) -> [Step] { [] }
  func nextCertificateTime(_ situation: Situation) -> Int64? { nil }
}
