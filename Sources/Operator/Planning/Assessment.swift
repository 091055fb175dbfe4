/// An observation and what can be read out of it: once, for the plan, the status and whatever else a pass makes of it.
struct Assessment {
  let observation: Observation
  let contents: Result<Contents, InvalidSpec>

  /// Of a spec that is valid.
  struct Contents {
    let situation: Situation
    /// All that the spec asks for but the StatefulSet, in the order in which it should be there.
    let supporting: [DesiredObject]
    let certificates: CertificatesInUse

    init(_ situation: Situation) {
      self.situation = situation
      supporting = situation.builder.supportingObjects()
      certificates = CertificatesInUse(situation.builder, situation.observation)
    }
  }

  /// Nil when the spec is not valid: there is nothing to compare the cluster with.
  var valid: Contents? { try? contents.get() }
}
