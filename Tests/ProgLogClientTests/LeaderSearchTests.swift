import ProgLogAPI
import Testing

@testable import ProgLogClient

@Suite("The search for the leader")
struct LeaderSearchTests {
  private let backOff = BackOff(initial: .milliseconds(100), maximum: .milliseconds(400))

  private func search(_ seeds: String...) throws -> LeaderSearch {
    LeaderSearch(seeds: try seeds.map { try NodeAddress(parsing: $0) }, backOff: self.backOff)
  }

  private func notLeader(_ hint: String? = nil) -> AdminError {
    .notLeader(address: "x:1", leader: hint.map { .init(name: "l", address: $0) })
  }

  private let unreachable = AdminError.failed(.unreachable(address: "x:1", cause: "gone"))

  private func refused(_ reason: AdminReason) -> AdminError {
    .refused(.init(address: "x:1", reason: reason, code: "UNAVAILABLE", message: "no"))
  }

  @Test("those that are known are asked in turn, at longer and longer intervals")
  func roundRobin() throws {
    var search = try self.search("a:1", "b:1")
    var asked: [String] = []
    var pauses: [Duration] = []
    for error in [self.unreachable, self.notLeader(), self.unreachable, self.unreachable] {
      asked.append(search.address.description)
      pauses.append(search.pause(after: error, random: 0))
    }
    #expect(asked == ["a:1", "b:1", "a:1", "b:1"])
    #expect(pauses == [.milliseconds(100), .milliseconds(200), .milliseconds(400), .milliseconds(400)])
    search.succeeded()
    #expect(search.pauseAfterAnswer(random: 0) == .milliseconds(100))
    #expect(search.pauseAfterAnswer(random: 1) == .milliseconds(100))
  }

  @Test("a hint is followed at once, but not round and round")
  func hints() throws {
    var search = try self.search("a:1", "b:1")
    for hint in ["l:1", "m:1", "l:1"] {
      #expect(search.pause(after: self.notLeader(hint)) == .zero)
      #expect(search.address.description == hint)
    }
    #expect(search.pause(after: self.notLeader("m:1"), random: 0) == .milliseconds(100))
    #expect(search.address.description == "b:1")
    #expect(search.pause(after: self.notLeader("l:1")) == .zero)
    #expect(search.pause(after: self.unreachable, random: 0) == .milliseconds(200))
    #expect(search.address.description == "a:1")
  }

  @Test("a hint that is no address is none")
  func badHint() throws {
    var search = try self.search("a:1", "b:1")
    #expect(search.pause(after: self.notLeader("nowhere"), random: 0) == .milliseconds(100))
    #expect(search.address.description == "b:1")
    #expect(search.pause(after: .notLeader(address: "b:1", leader: .init(name: "l", address: nil)), random: 0) > .zero)
    #expect(search.address.description == "a:1")
  }

  @Test("a leader that is busy is asked again, and one that refuses is left for the next")
  func refusals() throws {
    var search = try self.search("a:1", "b:1")
    _ = search.pause(after: self.refused(.changeInProgress))
    #expect(search.address.description == "a:1")
    _ = search.pause(after: self.refused(.wrongCluster))
    #expect(search.address.description == "b:1")
  }
}
