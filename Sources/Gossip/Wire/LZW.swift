/// LZW with the lowest bit first and 8-bit literals: GIF's, and what Go's `compress/lzw` calls LSB with a litWidth of
/// 8.
enum LZW {
  private static let clear = 256
  private static let endOfData = 257
  private static let maximumWidth = 12
  private static let codeLimit = 1 << maximumWidth

  // MARK: Decompression

  /// - Throws: `corruptCompression`, `incomplete` where the end is missing, `tooLong` where more than `limit` bytes
  ///   would come out.
  static func decompress(_ compressed: some Collection<UInt8>, limit: Int) throws(WireError) -> [UInt8] {
    var input = BitReader(compressed)
    var table = DecodingTable()
    var output: [UInt8] = []
    var width = 9
    while true {
      guard let code = input.read(width) else { throw WireError(.incomplete(missing: 1), at: compressed.count) }
      if code == endOfData { return output }
      if code == clear {
        table.reset()
        width = 9
        continue
      }
      guard table.expand(code, onto: &output) else {
        throw WireError(.corruptCompression, at: input.bytesRead)
      }
      guard output.count <= limit else {
        throw WireError(.tooLong(count: output.count, limit: limit), at: input.bytesRead)
      }
      width = table.width
    }
  }

  /// Each code above the literals stands for the text of a shorter code and one more byte.
  private struct DecodingTable {
    private var prefixes = [UInt16](repeating: 0, count: codeLimit)
    private var suffixes = [UInt8](repeating: 0, count: codeLimit)
    private var previous: Int?
    /// The code that the next one read defines.
    private var next = endOfData
    private(set) var width = 9
    /// Then no more codes are defined, until the sender clears the table.
    private var isFull = false

    mutating func reset() {
      previous = nil
      next = endOfData
      width = 9
      isFull = false
    }

    /// - Returns: false where the code means nothing yet.
    mutating func expand(_ code: Int, onto output: inout [UInt8]) -> Bool {
      let start = output.count
      // A code may be used by the very text that defines it: the previous text, and its first byte again.
      if code == next, !isFull {
        guard let previous else { return false }
        appendText(of: previous, to: &output)
        output.append(output[start])
      } else {
        guard code < next || isFull, code != endOfData else { return false }
        appendText(of: code, to: &output)
      }
      if let previous, !isFull {
        prefixes[next] = UInt16(previous)
        suffixes[next] = output[start]
      }
      advance(past: code)
      return true
    }

    private mutating func advance(past code: Int) {
      previous = code
      guard !isFull else { return }
      next += 1
      guard next == 1 << width else { return }
      if width < maximumWidth { width += 1 } else { isFull = true }
    }

    /// At most as many bytes as there are codes: each prefix is a smaller code.
    private func appendText(of code: Int, to output: inout [UInt8]) {
      let start = output.count
      var code = code
      while code > endOfData {
        output.append(suffixes[code])
        code = Int(prefixes[code])
      }
      output.append(UInt8(truncatingIfNeeded: code))
      output[start...].reverse()
    }
  }

  private struct BitReader<Bytes: Collection<UInt8>> {
    private var bytes: Bytes.Iterator
    private var bits: UInt32 = 0
    private var count = 0
    private(set) var bytesRead = 0

    init(_ bytes: Bytes) { self.bytes = bytes.makeIterator() }

    mutating func read(_ width: Int) -> Int? {
      while count < width {
        guard let byte = bytes.next() else { return nil }
        bits |= UInt32(byte) << UInt32(count)
        count += 8
        bytesRead += 1
      }
      defer {
        bits >>= UInt32(width)
        count -= width
      }
      return Int(bits & (1 << UInt32(width) - 1))
    }
  }

  // MARK: Compression

  static func compress(_ bytes: some Sequence<UInt8>) -> [UInt8] {
    var output = BitWriter()
    // A text of a code and a byte behind it, as one number; what it stands for is a code.
    var codes: [UInt32: Int] = [:]
    var next = endOfData
    var width = 9
    output.write(clear, width)
    var current: Int?
    for byte in bytes {
      guard let prefix = current else {
        current = Int(byte)
        continue
      }
      let text = UInt32(prefix) << 8 | UInt32(byte)
      if let longer = codes[text] {
        current = longer
        continue
      }
      output.write(prefix, width)
      current = Int(byte)
      next += 1
      if next == 1 << width { width += 1 }
      if next == codeLimit - 1 {
        output.write(clear, width)
        (next, width) = (endOfData, 9)
        codes.removeAll(keepingCapacity: true)
      } else {
        codes[text] = next
      }
    }
    if let current {
      output.write(current, width)
      next += 1
      if next == 1 << width { width += 1 }
      if next == codeLimit - 1 {
        output.write(clear, width)
        width = 9
      }
    }
    output.write(endOfData, width)
    return output.finish()
  }

  private struct BitWriter {
    private var bytes: [UInt8] = []
    private var bits: UInt32 = 0
    private var count = 0

    mutating func write(_ code: Int, _ width: Int) {
      bits |= UInt32(code) << UInt32(count)
      count += width
      while count >= 8 {
        bytes.append(UInt8(truncatingIfNeeded: bits))
        bits >>= 8
        count -= 8
      }
    }

    consuming func finish() -> [UInt8] {
      if count > 0 { bytes.append(UInt8(truncatingIfNeeded: bits)) }
      return bytes
    }
  }
}
