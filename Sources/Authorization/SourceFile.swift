/// The text of a model or a policy, and the name that errors give it.
package struct SourceFile: Sendable, Equatable {
  package let name: String
  package let bytes: [UInt8]

  package init(name: String, bytes: [UInt8]) {
    self.name = name
    self.bytes = bytes
  }

  package init(name: String, text: String) { self.init(name: name, bytes: Array(text.utf8)) }

  /// A line without its end.
  struct Line {
    /// Counted from 1.
    let number: Int
    let text: ArraySlice<UInt8>
  }

  /// Checks that the file is text, so that nothing in it is invisible, and takes it apart.
  ///
  /// - Parameter limit: the most bytes of the file.
  func lines(limit: Int) throws(PolicyError) -> [Line] {
    guard bytes.count <= limit else {
      throw PolicyError(
        file: name, problem: "the file has \(bytes.count) bytes, more than \(limit)", advice: "make it smaller")
    }
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) {
      throw PolicyError(
        file: name, line: 1, column: 1, problem: "the file begins with a byte order mark", advice: "save it without one"
      )
    }
    var lines: [Line] = []
    for (number, text) in zip(1..., bytes.split(separator: Byte.newline, omittingEmptySubsequences: false)) {
      let line = Line(number: number, text: text.last == Byte.carriageReturn ? text.dropLast() : text)
      try check(line)
      lines.append(line)
    }
    return lines
  }

  private func check(_ line: Line) throws(PolicyError) {
    guard String(validating: line.text, as: UTF8.self) != nil else {
      throw PolicyError(
        file: name, line: line.number, problem: "the line is not UTF-8", advice: "save the file as UTF-8")
    }
    if let place = line.text.firstIndex(where: { ($0 < 0x20 && $0 != Byte.tab) || $0 == 0x7F }) {
      throw PolicyError(
        file: name, line: line.number, column: line.text[..<place].characters + 1,
        problem: "the line has a control character (\(line.text[place]))", advice: "remove it")
    }
  }
}

/// Characters that mean something in the files.
enum Byte {
  static let newline = UInt8(ascii: "\n")
  static let carriageReturn = UInt8(ascii: "\r")
  static let tab = UInt8(ascii: "\t")
  static let space = UInt8(ascii: " ")
  static let quote = UInt8(ascii: "\"")
  static let comma = UInt8(ascii: ",")
  static let number = UInt8(ascii: "#")
  static let semicolon = UInt8(ascii: ";")
  static let backslash = UInt8(ascii: "\\")
  static let slash = UInt8(ascii: "/")
  static let star = UInt8(ascii: "*")

  static func isBlank(_ byte: UInt8) -> Bool { byte == space || byte == tab }
}

extension Collection<UInt8> {
  /// How many characters the UTF-8 has, as an editor counts columns: bytes that begin one.
  var characters: Int { self.count { $0 & 0xC0 != 0x80 } }

  var text: String { String(decoding: self, as: UTF8.self) }
}

extension ArraySlice<UInt8> {
  /// Without blanks at either end.
  var trimmed: ArraySlice<UInt8> {
    guard let first = firstIndex(where: { !Byte.isBlank($0) }), let last = lastIndex(where: { !Byte.isBlank($0) })
    else {
      return self[startIndex..<startIndex]
    }
    return self[first...last]
  }
}

extension String {
  /// Compared as bytes, as casbin does. Swift's `==` takes canonically equivalent texts for one, and a certificate for
  /// a name of the other form would pass.
  func isSame(as other: String) -> Bool { utf8.elementsEqual(other.utf8) }
}
