/// What Serf asks all members about their keyrings, as queries with a name each (its `internal_query.go`).
package enum KeyringRequest: Hashable, Sendable {
  case install(GossipKey)
  case use(GossipKey)
  case remove(GossipKey)
  case list

  package var queryName: String {
    switch self {
    case .install: "_serf_install-key"
    case .use: "_serf_use-key"
    case .remove: "_serf_remove-key"
    case .list: "_serf_list-keys"
    }
  }

  /// What goes into the query: a list asks with an empty key.
  package var payload: [UInt8] {
    var writer = MessagePackWriter(type: SerfType.keyRequest.rawValue)
    writer.map(count: 1)
    writer.write("Key")
    switch self {
    case .install(let key), .use(let key), .remove(let key): writer.write(key.bytes)
    case .list: writer.writeNil()
    }
    return writer.bytes
  }

  /// - Returns: nil where the query is about something else.
  /// - Throws: ``WireError``, or ``KeyringError`` where the key is none.
  package init?(query: Query) throws {
    let make: (GossipKey) -> Self
    switch query.name {
    case "_serf_install-key": make = Self.install
    case "_serf_use-key": make = Self.use
    case "_serf_remove-key": make = Self.remove
    case "_serf_list-keys":
      self = .list
      return
    default: return nil
    }
    self = make(try GossipKey(try Self.key(in: query.payload)))
  }

  private static func key(in payload: [UInt8]) throws(WireError) -> [UInt8] {
    var reader = MessagePackReader(payload)
    let type = try reader.byte()
    guard type == SerfType.keyRequest.rawValue else { throw WireError(.unknownMessage(type: type), at: 0) }
    var key: [UInt8] = []
    try reader.fields { (name, reader) throws(WireError) in
      guard name == "Key" else { return false }
      key = try reader.raw(limit: 64)
      return true
    }
    return key
  }
}

/// What a member answers.
package struct KeyringAnswer: Hashable, Sendable {
  package var isDone: Bool
  package var message = ""
  /// In base64, where they were asked for.
  package var keys: [String] = []
  package var primaryKey = ""

  package init(isDone: Bool, message: String = "", keys: [String] = [], primaryKey: String = "") {
    self.isDone = isDone
    self.message = message
    self.keys = keys
    self.primaryKey = primaryKey
  }

  package func encode() -> [UInt8] {
    var writer = MessagePackWriter(type: SerfType.keyResponse.rawValue)
    writer.map(count: 4)
    writer.write("Keys")
    writer.array(count: keys.count)
    for key in keys { writer.write(key) }
    writer.write("Message")
    writer.write(message)
    writer.write("PrimaryKey")
    writer.write(primaryKey)
    writer.write("Result")
    writer.write(isDone)
    return writer.bytes
  }

  /// With as many of the keys as fit, as Serf does it.
  package func encode(limit: Int) -> [UInt8] {
    var answer = self
    var bytes = encode()
    while bytes.count > limit, !answer.keys.isEmpty {
      answer.keys.removeLast()
      answer.message = "truncated key list response, showing first \(answer.keys.count) of \(keys.count) keys"
      bytes = answer.encode()
    }
    return bytes
  }

  package init(_ payload: [UInt8]) throws(WireError) {
    var reader = MessagePackReader(payload)
    let type = try reader.byte()
    guard type == SerfType.keyResponse.rawValue else { throw WireError(.unknownMessage(type: type), at: 0) }
    var answer = Self(isDone: false)
    try reader.fields { (name, reader) throws(WireError) in
      switch name {
      case "Result": answer.isDone = try reader.bool()
      case "Message": answer.message = try reader.text(limit: WireLimits.packetBytes)
      case "PrimaryKey": answer.primaryKey = try reader.text(limit: 255)
      case "Keys":
        for _ in 0..<(try reader.arrayCount(limit: 255)) { answer.keys.append(try reader.text(limit: 255)) }
      default: return false
      }
      return true
    }
    self = answer
  }
}
