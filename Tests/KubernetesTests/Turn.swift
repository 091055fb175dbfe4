/// So many at a time; the others wait in the order in which they came.
actor Turn {
  private var places: Int
  private var waiting: [CheckedContinuation<Void, Never>] = []

  init(places: Int = 1) { self.places = places }

  @discardableResult
  nonisolated func whileMine<Result>(_ body: () async throws -> Result) async throws -> Result {
    await take()
    do {
      let result = try await body()
      await give()
      return result
    } catch {
      await give()
      throw error
    }
  }

  private func take() async {
    guard places == 0 else {
      places -= 1
      return
    }
    await withCheckedContinuation { waiting.append($0) }
  }

  private func give() {
    if waiting.isEmpty { places += 1 } else { waiting.removeFirst().resume() }
  }
}
