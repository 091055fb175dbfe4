/// One at a time: what concerns the operator as a whole would spoil another test that does the same.
actor Turn {
  private var isTaken = false
  private var waiting: [CheckedContinuation<Void, Never>] = []

  @discardableResult
  func whileMine<Result>(_ body: () async throws -> Result) async throws -> Result {
    await take()
    defer { give() }
    return try await body()
  }

  private func take() async {
    guard isTaken else {
      isTaken = true
      return
    }
    await withCheckedContinuation { waiting.append($0) }
  }

  private func give() {
    if waiting.isEmpty { isTaken = false } else { waiting.removeFirst().resume() }
  }
}
