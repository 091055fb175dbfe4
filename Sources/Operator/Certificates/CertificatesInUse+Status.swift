import Certificates
import FoundationEssentials
import KubernetesClient
import X509

extension CertificatesInUse {
  /// `status.certificates`: when what is in use ends, and how far a roll of the authority's key is; nil without TLS.
  var status: JSONValue? {
    switch source {
    case .none: return nil
    case .managed(let managed):
      let state = managed.state
      var status = Self.expiries(state.authority.issuer.map { [$0.certificate] } ?? [], state.leaves)
      status["rollStage"] = state.authority.stage.rollStage.map { .string($0) }
      status["lastRoll"] = state.authority.token.isEmpty ? nil : .string(state.authority.token)
      return status
    case .copied(let copied): return Self.expiries(copied.authorities, copied.leaves)
    }
  }

  /// When the plan changes by time alone, in seconds since 1970: a certificate is to be renewed, or a time of grace
  /// ends.
  var nextChange: Int64? {
    let times: [Int64]
    switch source {
    case .none: times = []
    case .managed(let managed):
      let certificates = managed.state.leaves + [managed.state.authority.signing?.certificate].compactMap { $0 }
      times =
        certificates.flatMap { [$0.renewalTime, $0.notValidAfter.nextSecond] } + [managed.graceEnd].compactMap { $0 }
    case .copied(let copied): times = copied.leaves.map(\.notValidAfter.nextSecond) + [copied.graceEnd]
    }
    return times.filter { $0 > observation.time }.min()
  }

  private static func expiries(_ authorities: [Certificate], _ leaves: [Certificate]) -> JSONValue {
    var status: JSONValue = .object([:])
    status["authorityExpiry"] = authorities.map(\.notValidAfter).min().map { .string(DateText.text($0)) }
    status["earliestExpiry"] = leaves.map(\.notValidAfter).min().map { .string(DateText.text($0)) }
    return status
  }
}

extension AuthorityState.Stage {
  /// As the status has it; nil while no roll is under way.
  fileprivate var rollStage: String? {
    switch self {
    case .lost, .stable: nil
    case .trusting: "Trusting"
    case .signing: "Signing"
    }
  }
}

extension Certificate {
  /// The first second in which less than a third of its life is left.
  fileprivate var renewalTime: Int64 {
    let life = notValidAfter.timeIntervalSince(notValidBefore)
    return (notValidAfter - life / 3).nextSecond
  }
}
