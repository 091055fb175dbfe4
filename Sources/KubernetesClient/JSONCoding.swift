import FoundationEssentials
import NIOCore

/// JSON text to values and back.
enum JSONCoding {
  static func decode(_ buffer: ByteBuffer) throws(KubernetesError) -> JSONValue {
    do {
      return try JSONDecoder().decode(JSONValue.self, from: Data(buffer.readableBytesView))
    } catch {
      let start = String(decoding: buffer.readableBytesView.prefix(80), as: UTF8.self)
      throw .malformed("\(buffer.readableBytes) bytes that are not JSON: \(start)")
    }
  }

  /// Members in a fixed order, so that equal values are equal text.
  static func encode(_ value: JSONValue) throws(KubernetesError) -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    do {
      return [UInt8](try encoder.encode(value))
    } catch {
      throw .malformed("our own object cannot be written as JSON: \(error)")
    }
  }
}
