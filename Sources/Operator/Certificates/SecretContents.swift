import FoundationEssentials
import KubernetesClient

/// The data of a Secret as texts. Whoever may edit Secrets may have put anything there: what is no text reads as
/// absent.
struct SecretContents: Sendable {
  /// Base64, as the API server has it.
  private let data: [String: JSONValue]

  init(_ secret: KubernetesObject?) { data = secret?.content["data"]?.object ?? [:] }

  subscript(key: String) -> String? {
    guard let encoded = data[key]?.string, let bytes = Data(base64Encoded: encoded) else { return nil }
    return String(validating: bytes, as: UTF8.self)
  }

  /// Whether there is something, be it what it may.
  func has(_ key: String) -> Bool { data[key].map { $0 != .null && $0 != "" } ?? false }

  /// `data` of a Secret.
  static func encoded(_ texts: [String: String]) -> JSONValue {
    .object(texts.mapValues { .string(Data($0.utf8).base64EncodedString()) })
  }
}
