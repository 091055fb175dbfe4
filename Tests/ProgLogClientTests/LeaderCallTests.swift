import ProgLogClient
import Testing

@Suite struct LeaderCallTests {
  @Test("nobody is asked again without the time for an answer, and what is told is why the try before failed")
  func noTimeLeft() async throws {
    let call = LeaderCall(
      seeds: [try NodeAddress(parsing: "127.0.0.1:1")], timeout: .milliseconds(90),
      backOff: BackOff(initial: .milliseconds(1), maximum: .milliseconds(1)))
    var tries = 0
    let error = await #expect(throws: AdminError.self) {
      try await call { _, address in
        tries += 1
        throw AdminError.failed(.unreachable(address: address.description, cause: "try \(tries)"))
      }
    }
    #expect(error == .failed(.unreachable(address: "127.0.0.1:1", cause: "try 1")))
  }
}
