/// Why a certificate has to be made anew, or cannot be used.
struct LeafProblem: Error, Hashable {
  var reason: Step.Reason
  /// A clause with the certificate as its subject.
  var text: String
  /// It is of no use to anybody as it is, so that another one can only be better, whoever has signed it.
  var isFatal = true

  static let missing = LeafProblem(reason: .certificateMissing, text: "there is none")

  static func invalid(_ text: String) -> LeafProblem { LeafProblem(reason: .certificateInvalid, text: text) }
}
