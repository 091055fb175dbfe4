/// The values to produce, from wherever they come.
enum RecordInput: AsyncSequence, Sendable {
  case values([String])
  case lines(of: InputFile, limit: Int)
  case whole(InputFile, limit: Int)

  /// The input of one record is larger than a record may be.
  struct TooLarge: Error, CustomStringConvertible {
    let limit: Int

    var description: String { "the input is larger than \(self.limit) bytes: raise --max-record-bytes" }
  }

  func makeAsyncIterator() -> AsyncIterator {
    AsyncIterator(input: self)
  }

  struct AsyncIterator: AsyncIteratorProtocol {
    private let input: RecordInput
    private var splitter: LineSplitter
    private var ready: ArraySlice<[UInt8]> = []
    private var hasEnded = false

    init(input: RecordInput) {
      self.input = input
      if case .lines(_, let limit) = input {
        self.splitter = LineSplitter(limit: limit)
      } else {
        self.splitter = LineSplitter(limit: 0)
      }
    }

    mutating func next() async throws -> [UInt8]? {
      try await self.fill()
      return self.ready.popFirst()
    }

    private mutating func fill() async throws {
      while self.ready.isEmpty, !self.hasEnded {
        switch self.input {
        case .values(let values):
          self.ready = values.map { Array($0.utf8) }[...]
          self.hasEnded = true
        case .lines(let file, _):
          if let chunk = try await file.read() {
            self.ready = try self.splitter.lines(in: chunk)[...]
          } else {
            self.ready = self.splitter.finish().map { [$0] } ?? []
            self.hasEnded = true
          }
        case .whole(let file, let limit):
          self.ready = [try await Self.contents(of: file, limit: limit)]
          self.hasEnded = true
        }
      }
    }

    private static func contents(of file: InputFile, limit: Int) async throws -> [UInt8] {
      var contents: [UInt8] = []
      while let chunk = try await file.read() {
        contents += chunk
        guard contents.count <= limit else { throw TooLarge(limit: limit) }
      }
      return contents
    }
  }
}
