/// Columns for people.
enum TextTable {
  /// Each row's cells in columns as wide as their widest cell, two blanks apart; nothing is filled up at a line's end.
  ///
  /// - Parameter rows: all of the same number of cells.
  static func text(_ rows: [[String]]) -> String {
    let columns = rows.first?.count ?? 0
    let widths = (0..<columns).map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
      let cells = zip(row, widths).map { $0 + String(repeating: " ", count: $1 - $0.count) }
      let line = cells.joined(separator: "  ")
      return line.prefix(through: line.lastIndex { $0 != " " } ?? line.startIndex) + "\n"
    }.joined()
  }
}
