extension APIStatus {
  /// Reads a `meta/v1.Status`; a proxy's answer that is none becomes one by its HTTP status.
  init(_ json: JSONValue, httpStatus: Int, retryAfter: Duration? = nil) {
    let details = json["details"]
    let causes = (details?["causes"]?.array ?? []).map { cause in
      let message = cause["message"]?.string ?? cause["reason"]?.string ?? ""
      guard let field = cause["field"]?.string, !field.isEmpty else { return message }
      return "\(field): \(message)"
    }
    let seconds = details?["retryAfterSeconds"]?.integer ?? 0
    self.init(
      code: json["code"]?.integer.flatMap(Int.init(exactly:)) ?? httpStatus,
      reason: json["reason"]?.string ?? "Unknown",
      message: json["message"]?.string ?? "HTTP status \(httpStatus) without a message",
      causes: causes,
      retryAfter: retryAfter ?? (seconds > 0 ? .seconds(seconds) : nil))
  }
}
