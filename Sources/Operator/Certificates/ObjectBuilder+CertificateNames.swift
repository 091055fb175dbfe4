// A stand-in until the builder knows all names of pods; to be replaced.
extension ObjectBuilder {
  func certificateNames(_ ordinal: Int) -> [String] {
    nodeCertificateNames(ordinal) + [addresses[Names.pod(name, ordinal)]?.host].compactMap { $0 } + spec.tls.extraNames
  }

  func nodeCertificateNames(_ ordinal: Int) -> [String] {
    [Names.memberHost(name, ordinal, in: identity.namespace)]
  }
}
