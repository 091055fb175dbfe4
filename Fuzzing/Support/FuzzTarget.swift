/// One decoder under test.
package struct FuzzTarget: Sendable {
  package let name: String
  /// Inputs are at most this long, in bytes.
  package let maximumBytes: Int
  /// Valid inputs, from which libFuzzer starts: all of them must be accepted.
  package let seeds: @Sendable () throws -> [[UInt8]]
  /// Words that a random mutation would not come by.
  package let dictionary: [String]
  /// Decodes an input and checks what must hold of the result.
  ///
  /// - Returns: whether the decoder took the input.
  /// - Throws: ``Violation``, or an error that the decoder must not throw.
  package let run: @Sendable (_ input: [UInt8]) throws -> Bool

  package init(
    _ name: String, maximumBytes: Int, seeds: @escaping @Sendable () throws -> [[UInt8]], dictionary: [String] = [],
    run: @escaping @Sendable ([UInt8]) throws -> Bool
  ) {
    self.name = name
    self.maximumBytes = maximumBytes
    self.seeds = seeds
    self.dictionary = dictionary
    self.run = run
  }
}

/// Something that must hold of what a decoder gives does not.
package struct Violation: Error, CustomStringConvertible {
  package let description: String

  package init(_ description: String) { self.description = description }
}

/// Throws a ``Violation`` unless the condition holds.
package func require(_ condition: Bool, _ what: @autoclosure () -> String) throws {
  if !condition { throw Violation(what()) }
}
