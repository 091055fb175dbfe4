import FuzzSupport

@testable import Authorization

extension FuzzTarget {
  /// A line of CSV. Its fields are written so that they read back.
  static let accessCSV = FuzzTarget(
    "acl-csv", maximumBytes: 256,
    seeds: {
      ["p, root, *, produce", "a,,b", "\"a,b\" , \"say \"\"x\"\"\",c", " \t a b\t,", "\"\"", "a#b,\"# x\""].map {
        Array($0.utf8)
      }
    },
    dictionary: ["\"\"", "\",\"", " #", "\t"],
    run: { input in
      guard String(validating: input, as: UTF8.self) != nil, !input.contains(UInt8(ascii: "\n")) else { return false }
      let fields: [CSVLine.Field]
      do throws(CSVLine.Invalid) { fields = try CSVLine.fields(of: input[...]) } catch {
        try require(error.place <= input.count && !error.advice.isEmpty, "\(error) is beyond the line's end")
        return false
      }
      try require(
        fields.count <= input.count { $0 == UInt8(ascii: ",") } + 1, "\(fields.count) fields of too few commas")
      let texts = fields.map { String(decoding: $0.text, as: UTF8.self) }
      let written = CSVLine.text(texts)
      do {
        let again = try CSVLine.fields(of: Array(written.utf8)[...])
        try require(again.map(\.text) == fields.map(\.text), "'\(written)' reads back as \(again)")
      } catch {
        throw Violation("'\(written)' does not read back: \(error)")
      }
      return true
    })
}
