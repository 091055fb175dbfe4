package import FoundationEssentials

/// Until when certificates are valid.
package struct TLSExpiry: Sendable, Hashable {
  package let leaf: Date
  package let authorities: [Authority]

  package struct Authority: Sendable, Hashable {
    /// Its subject, such as `CN=ProgLog CA 3f9a1c2b`.
    package let name: String
    package let notAfter: Date
  }
}
