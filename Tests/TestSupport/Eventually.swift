/// Waits until `condition` gives a value.
///
/// - Parameter interval: between two looks; longer where a look costs what the test measures.
/// - Throws: `NeverHappened` when `limit` is over; whatever `condition` throws.
@discardableResult
package func eventually<Value>(
  _ what: String, within limit: Duration = .seconds(120), every interval: Duration = .milliseconds(10),
  _ condition: () async throws -> Value?
) async throws -> Value {
  let deadline = ContinuousClock.now + limit
  while true {
    if let value = try await condition() { return value }
    guard ContinuousClock.now < deadline else {
      throw NeverHappened(description: "\(what): not within \(limit)")
    }
    try await Task.sleep(for: interval)
  }
}
