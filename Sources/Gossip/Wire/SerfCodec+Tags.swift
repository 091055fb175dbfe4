/// Tags that do not fit into what a member tells of itself.
package struct TagsTooLong: Error, Hashable, CustomStringConvertible {
  package var bytes: Int

  package init(bytes: Int) { self.bytes = bytes }

  package var description: String {
    "the tags take \(bytes) bytes encoded, and Serf allows \(WireLimits.metaBytes): use fewer or shorter ones"
  }
}

extension SerfCodec {
  /// No text begins with it, which is how members of Serf before tags tell their role.
  private static let tagMark: UInt8 = 0xff
  /// As many as fit, with an empty name and value.
  private static let maximumTags = WireLimits.metaBytes / 2

  /// What goes into ``Alive/meta``.
  package static func encode(tags: [String: String]) throws(TagsTooLong) -> [UInt8] {
    var writer = MessagePackWriter(type: tagMark)
    writer.map(count: tags.count)
    for (name, value) in tags.sorted(by: { $0.key < $1.key }) {
      writer.write(name)
      writer.write(value)
    }
    guard writer.bytes.count <= WireLimits.metaBytes else { throw TagsTooLong(bytes: writer.bytes.count) }
    return writer.bytes
  }

  package static func decode(tags bytes: [UInt8]) throws(WireError) -> [String: String] {
    guard bytes.count <= WireLimits.metaBytes else {
      throw WireError(.tooLong(count: bytes.count, limit: WireLimits.metaBytes), at: 0)
    }
    guard bytes.first == tagMark else {
      guard let role = String(validating: bytes, as: UTF8.self) else { throw WireError(.invalidText, at: 0) }
      return ["role": role]
    }
    var reader = MessagePackReader(bytes, in: 1..<bytes.count)
    var tags: [String: String] = [:]
    for _ in 0..<(try reader.mapCount(limit: maximumTags)) {
      let name = try reader.text(limit: WireLimits.metaBytes)
      tags[name] = try reader.text(limit: WireLimits.metaBytes)
    }
    return tags
  }
}
