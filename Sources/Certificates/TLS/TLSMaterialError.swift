/// What is wrong with a set of certificate, key and trusted authorities, and where.
package struct TLSMaterialError: Error, Hashable {
  /// The file, or what stands for it.
  package let source: String
  package let problem: Problem

  package enum Problem: Hashable, Sendable {
    /// It cannot be read.
    case file(FileError.Problem)
    case pem(PEMError)
    /// The leaf is not what this end needs, or not believed by its own trust bundle, so that its like would not believe it.
    case leaf(VerificationError)
    /// The certificate is the other one's name.
    case keyMismatch(certificate: String)
    /// TLS does not take it.
    case tls(String)
  }
}

extension TLSMaterialError: CustomStringConvertible {
  package var description: String {
    switch problem {
    case .file(let problem): "\(source): \(problem)"
    case .pem(let error): "\(source): \(error)"
    case .leaf(let error): "\(source): \(error)"
    case .keyMismatch(let certificate):
      "\(source): the key does not belong to the certificate in \(certificate): were both replaced?"
    case .tls(let reason): "\(source): \(reason)"
    }
  }
}
