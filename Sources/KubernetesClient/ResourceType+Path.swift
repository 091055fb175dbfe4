extension ResourceType {
  /// The URL path of the collection, or of one object or subresource in it. No namespace means all of them.
  func path(namespace: String?, name: String? = nil, subresource: String? = nil) -> String {
    var path = group.isEmpty ? "/api/\(version)" : "/apis/\(group)/\(version)"
    if isNamespaced, let namespace, !namespace.isEmpty { path += "/namespaces/\(PercentEncoding.encode(namespace))" }
    path += "/\(plural)"
    if let name { path += "/\(PercentEncoding.encode(name))" }
    if let subresource { path += "/\(subresource)" }
    return path
  }
}

/// Percent-encoding of URL components (RFC 3986 §2.1): everything but the unreserved characters.
enum PercentEncoding {
  static func encode(_ text: String) -> String {
    var encoded = ""
    for byte in text.utf8 {
      let scalar = Unicode.Scalar(byte)
      switch scalar {
      case "a"..."z", "A"..."Z", "0"..."9", "-", ".", "_", "~": encoded.unicodeScalars.append(scalar)
      default:
        let hex = String(byte, radix: 16, uppercase: true)
        encoded += hex.count == 1 ? "%0\(hex)" : "%\(hex)"
      }
    }
    return encoded
  }
}
