/// Where certificate, key and trusted authorities come from: the paths of files, or other words for error messages.
package struct TLSSources: Sendable, Hashable {
  package var certificate: String
  package var key: String
  package var trust: String

  package init(certificate: String, key: String, trust: String) {
    self.certificate = certificate
    self.key = key
    self.trust = trust
  }
}
