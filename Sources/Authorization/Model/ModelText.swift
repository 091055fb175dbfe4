/// A value of the model: one line, or several that were continued, with the places that its bytes came from.
struct ModelText {
  /// Where a piece of the value begins in the file.
  private struct Piece {
    let start: Int
    let line: Int
    let column: Int
  }

  private(set) var bytes: [UInt8] = []
  private var pieces: [Piece] = []
  let file: String

  init(file: String) { self.file = file }

  mutating func append(_ text: some Collection<UInt8>, line: Int, column: Int) {
    pieces.append(Piece(start: bytes.count, line: line, column: column))
    bytes += text
  }

  /// An error at a byte of the value.
  func error(at offset: Int, _ problem: String, _ advice: String) -> PolicyError {
    guard let piece = pieces.last(where: { $0.start <= offset }) ?? pieces.first else {
      return PolicyError(file: file, problem: problem, advice: advice)
    }
    let column = piece.column + bytes[min(piece.start, offset)..<min(max(piece.start, offset), bytes.count)].characters
    return PolicyError(file: file, line: piece.line, column: column, problem: problem, advice: advice)
  }
}
