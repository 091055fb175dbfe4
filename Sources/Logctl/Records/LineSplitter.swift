/// A line longer than a record may be.
struct LineTooLong: Error, Equatable, CustomStringConvertible {
  /// From 1.
  let line: Int
  let limit: Int

  var description: String {
    "line \(self.line) is longer than \(self.limit) bytes: raise --max-record-bytes, or send the input with --whole"
  }
}

/// Cuts bytes into lines at `\n`, which is not part of them; all other bytes are. Holds one line at most.
struct LineSplitter {
  private let limit: Int
  private var partial: [UInt8] = []
  private var lineNumber = 1

  init(limit: Int) {
    self.limit = limit
  }

  /// The lines that end in `chunk`.
  mutating func lines(in chunk: [UInt8]) throws(LineTooLong) -> [[UInt8]] {
    var lines: [[UInt8]] = []
    var rest = chunk[...]
    while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
      try self.append(rest[..<end])
      lines.append(self.partial)
      self.partial = []
      self.lineNumber += 1
      rest = rest[(end + 1)...]
    }
    try self.append(rest)
    return lines
  }

  /// The last line, if the input does not end with `\n`.
  mutating func finish() -> [UInt8]? {
    defer { self.partial = [] }
    return self.partial.isEmpty ? nil : self.partial
  }

  private mutating func append(_ bytes: ArraySlice<UInt8>) throws(LineTooLong) {
    guard self.partial.count + bytes.count <= self.limit else {
      throw LineTooLong(line: self.lineNumber, limit: self.limit)
    }
    self.partial += bytes
  }
}
