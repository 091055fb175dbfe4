/// What of a certificate is the subject of the access control list.
package enum SubjectSource: String, Sendable, CaseIterable {
  /// The common name.
  case commonName = "common-name"
  /// The only URI that is no mark, such as `spiffe://example.com/reader`.
  case uri
}
