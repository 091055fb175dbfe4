/// Runs `body` for at most `limit`, then cancels it. `body` must heed cancellation.
func withTimeLimit<Value: Sendable>(
  _ limit: Duration, _ body: @escaping @Sendable () async throws(KubernetesError) -> Value
) async throws(KubernetesError) -> Value {
  let outcome = await withTaskGroup(of: Result<Value, KubernetesError>?.self) { group in
    group.addTask {
      do throws(KubernetesError) {
        return .success(try await body())
      } catch {
        return .failure(error)
      }
    }
    group.addTask {
      // Cancelled when the body is through; then nobody looks at what this returns.
      try? await Task.sleep(for: limit)
      return nil
    }
    let first = await group.next() ?? nil
    group.cancelAll()
    return first
  }
  guard let outcome else { throw .transport("no whole answer within \(limit)") }
  return try outcome.get()
}
