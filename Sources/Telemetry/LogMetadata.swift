import Logging

extension Logger.Metadata {
  /// What a line shows: the handler's metadata, over it the provider's, the statement's and the error, by the keys that
  /// swift-log's own handler gives it.
  static func merged(base: Self, provider: Logger.MetadataProvider?, event: LogEvent) -> Self {
    var result = base
    if let provided = provider?.get() {
      result.merge(provided) { $1 }
    }
    if let explicit = event.metadata {
      result.merge(explicit) { $1 }
    }
    if let error = event.error {
      result["error.message"] = "\(error)"
      result["error.type"] = "\(String(reflecting: type(of: error)))"
    }
    return result
  }
}
