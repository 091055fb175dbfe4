import FoundationEssentials

extension Credential {
  var origin: String {
    switch self {
    case .inline(_, let origin): origin
    case .file(let path): path
    }
  }

  /// The content as it is now; an empty one is an error.
  func read() throws(KubernetesError) -> [UInt8] {
    let bytes: [UInt8]
    switch self {
    case .inline(let content, _): bytes = content
    case .file(let path): bytes = try Self.contents(ofFile: path)
    }
    guard !bytes.isEmpty else { throw .configuration("\(origin) is empty") }
    return bytes
  }

  /// The content as text, without white space around it.
  func text() throws(KubernetesError) -> String {
    guard let text = String(validating: try read(), as: UTF8.self) else {
      throw .configuration("\(origin) is not UTF-8 text")
    }
    var trimmed = Substring(text)
    while trimmed.first?.isWhitespace == true { trimmed.removeFirst() }
    while trimmed.last?.isWhitespace == true { trimmed.removeLast() }
    guard !trimmed.isEmpty else { throw .configuration("\(origin) is empty") }
    return String(trimmed)
  }

  static func contents(ofFile path: String) throws(KubernetesError) -> [UInt8] {
    do {
      return [UInt8](try Data(contentsOf: URL(filePath: path)))
    } catch {
      let isThere = FileManager.default.fileExists(atPath: path)
      throw .configuration("cannot read \(path): \(isThere ? "no permission, or not a file" : "no such file")")
    }
  }
}
