import Testing

@testable import ProgLogClient

private typealias Instant = ContinuousClock.Instant

private func address(_ name: String) throws -> NodeAddress { try NodeAddress(parsing: "\(name):1") }

/// Servers by their names; the leader's ends with a star.
private func told(_ names: String) -> [ClusterServer] {
  names.split(separator: " ").map { name in
    ClusterServer(
      id: "\(name)", address: "\(name.filter { $0 != "*" }):1", isLeader: name.hasSuffix("*"))
  }
}

@Suite("What a client knows of the servers")
struct ServerDirectoryTests {
  private let now = ContinuousClock.now

  private func directory(seeds: String = "s", _ names: String...) throws -> ServerDirectory {
    var directory = ServerDirectory(seeds: try seeds.split(separator: " ").map { try address(String($0)) })
    for names in names { directory.learn(told(names)) }
    return directory
  }

  private func picks(
    _ directory: ServerDirectory, _ route: ServerDirectory.Route, at now: Instant, turns: Int = 4
  ) -> String {
    (0..<turns).map { directory.pick(route, turn: $0, at: now)?.host ?? "-" }.joined(separator: " ")
  }

  struct Case: Sendable, CustomTestStringConvertible {
    var told: [String]
    var failed: [String] = []
    /// Who has answered before.
    var reached: [String] = []
    var leader: String
    var reader: String
    var testDescription: String { "\(told), failed: \(failed), reached: \(reached)" }
  }

  @Test(
    "producers go to the leader, consumers to the followers in turn",
    arguments: [
      Case(told: [], leader: "- - - -", reader: "- - - -"),
      Case(told: ["a* b c"], leader: "a a a a", reader: "b c b c"),
      Case(told: ["a*"], leader: "a a a a", reader: "a a a a"),
      Case(told: ["a b"], leader: "- - - -", reader: "a b a b"),
      // Who hears no leader does not know better.
      Case(told: ["a* b", "a b"], leader: "a a a a", reader: "b b b b"),
      Case(told: ["a* b", "c d"], leader: "- - - -", reader: "c d c d"),
      // Nobody is no news.
      Case(told: ["a* b", ""], leader: "a a a a", reader: "b b b b"),
      Case(told: ["a* b c"], failed: ["b"], leader: "a a a a", reader: "c c c c"),
      Case(told: ["a* b c"], failed: ["b", "c"], leader: "a a a a", reader: "a a a a"),
      // A leader that failed is waited for, or for the next one.
      Case(told: ["a* b c"], failed: ["a"], reached: ["c"], leader: "- - - -", reader: "b c b c"),
      // Where no server is reached, the seed by which they were found may reach one.
      Case(told: ["a* b"], failed: ["a", "b"], leader: "s s s s", reader: "s s s s"),
      Case(told: ["a* b"], failed: ["a", "b"], reached: ["a"], leader: "s s s s", reader: "s s s s"),
      Case(told: ["a* b"], failed: ["a"], leader: "s s s s", reader: "b b b b"),
      Case(told: ["a* b"], failed: ["a", "b", "s"], leader: "- - - -", reader: "a a a a"),
      Case(told: ["s* b"], failed: ["s", "b"], leader: "- - - -", reader: "s s s s"),
    ])
  func pick(_ item: Case) throws {
    var directory = try self.directory()
    for names in item.told { directory.learn(told(names)) }
    for name in item.reached { directory.succeeded(try address(name)) }
    for name in item.failed { directory.failed(try address(name), at: self.now) }
    #expect(self.picks(directory, .leader, at: self.now) == item.leader)
    #expect(self.picks(directory, .reader, at: self.now) == item.reader)
  }

  @Test("a hint is taken at once, unless it names who has just failed")
  func hints() throws {
    var directory = try self.directory("a* b c")
    #expect(directory.learn(notLeader: try address("a"), hint: try address("b"), at: self.now))
    #expect(self.picks(directory, .leader, at: self.now, turns: 1) == "b")
    // A late answer of another call.
    #expect(!directory.learn(notLeader: try address("a"), hint: nil, at: self.now))
    #expect(self.picks(directory, .leader, at: self.now, turns: 1) == "b")
    directory.failed(try address("c"), at: self.now)
    #expect(!directory.learn(notLeader: try address("b"), hint: try address("c"), at: self.now))
    #expect(self.picks(directory, .leader, at: self.now, turns: 1) == "-")
    // Who says that it leads and does not lead says nothing.
    #expect(!directory.learn(notLeader: try address("c"), hint: try address("c"), at: self.now))
    #expect(directory.leader == nil)
  }

  @Test("a server that fails again and again is passed over for longer and longer, and once it answers it is not")
  func suspensions() throws {
    var directory = try self.directory("a* b")
    let b = try address("b")
    var time = self.now
    var lengths: [Duration] = []
    for _ in 0..<7 {
      directory.failed(b, at: time)
      // All calls that were there fail; it counts once.
      directory.failed(b, at: time)
      let began = time
      while directory.isSuspended(b, at: time) { time += .milliseconds(250) }
      lengths.append(time - began)
    }
    #expect(lengths == [250, 500, 1_000, 2_000, 2_000, 2_000, 2_000].map { .milliseconds($0) })
    directory.failed(b, isSilent: true, at: time)
    #expect(directory.isSuspended(b, at: time + .seconds(7)))
    directory.succeeded(b)
    #expect(!directory.isSuspended(b, at: time))
  }

  @Test("generations count what changed, and who is gone is forgotten")
  func generations() throws {
    var directory = try self.directory("a* b")
    #expect(directory.generation == 1)
    directory.learn(told("a* b"))
    #expect(directory.generation == 1)
    directory.learn(told("a b*"))
    #expect(directory.generation == 2)
    directory.failed(try address("a"), at: self.now)
    directory.learn(told("b* c"))
    directory.learn(told("a b* c"))
    #expect(!directory.isSuspended(try address("a"), at: self.now))
    // What is no address is nobody.
    directory.learn([ClusterServer(id: "x", address: "nowhere", isLeader: true)])
    #expect(directory.servers.map(\.host) == ["a", "b", "c"])
  }

  @Test("who the servers are is asked of each in turn, then of the seeds, then of those that failed")
  func candidates() throws {
    var directory = try self.directory(seeds: "s t")
    #expect(directory.candidates(turn: 3, at: self.now).map(\.host) == ["s", "t"])
    directory.learn(told("a* b t"))
    #expect(directory.candidates(turn: 0, at: self.now).map(\.host) == ["a", "b", "t", "s"])
    #expect(directory.candidates(turn: 1, at: self.now).map(\.host) == ["b", "t", "a", "s"])
    directory.failed(try address("b"), at: self.now)
    #expect(directory.candidates(turn: 1, at: self.now).map(\.host) == ["t", "a", "s", "b"])
  }
}

@Suite("When a client asks and tries again")
struct ScheduleTests {
  private let now = ContinuousClock.now

  @Test("the servers are asked for at once, then at intervals, and soon when something went wrong")
  func schedule() {
    var schedule = RefreshSchedule(interval: .seconds(10))
    #expect(schedule.due == nil)
    schedule.asked(at: self.now, changed: true, random: 0)
    #expect(schedule.due == self.now + .seconds(8))
    schedule.asked(at: self.now, changed: false, random: 0.5)
    #expect(schedule.due == self.now + .seconds(10))
    var gaps: [Duration] = []
    for _ in 0..<6 {
      schedule.want()
      gaps.append((schedule.due ?? self.now) - self.now)
      schedule.asked(at: self.now, changed: false, random: 0.5)
    }
    #expect(gaps == [50, 100, 200, 400, 500, 500].map { .milliseconds($0) })
    schedule.want()
    schedule.asked(at: self.now, changed: true, random: 0.5)
    schedule.want()
    #expect(schedule.due == self.now + .milliseconds(50))
  }

  @Test(
    "pauses double up to their maximum and are shortened by up to half",
    arguments: [(1, 0.0, 50), (2, 0.0, 100), (3, 1.0, 100), (7, 0.0, 2_000), (1_000, 0.5, 1_500)])
  func pauses(attempt: Int, random: Double, milliseconds: Int) {
    #expect(BackOff.defaults.pause(after: attempt, random: random) == .milliseconds(milliseconds))
  }

  private func attempts() -> CallAttempts {
    CallAttempts(
      backOff: BackOff(initial: .milliseconds(100), maximum: .seconds(1)), timeout: .seconds(10),
      attemptTimeout: .seconds(3), start: self.now)
  }

  private func failure(_ kind: CallFailure.Kind, leavesDoubt: Bool = false) -> CallFailure {
    CallFailure(kind: kind, error: .unavailable(address: "a:1", cause: "gone"), leavesDoubt: leavesDoubt)
  }

  @Test("a call is tried again while its failures pass and its time lasts")
  func attemptsOfACall() {
    var attempts = self.attempts()
    #expect(attempts.timeLeft(at: self.now) == .seconds(3))
    #expect(attempts.timeLeft(at: self.now + .seconds(9)) == .seconds(1))
    #expect(attempts.timeLeft(at: self.now + .seconds(11)) == .zero)
    #expect(attempts.pause(after: self.failure(.away), canGoOn: false, at: self.now, random: 0) == .milliseconds(100))
    #expect(attempts.pause(after: self.failure(.busy), canGoOn: false, at: self.now, random: 0) == .milliseconds(200))
    #expect(
      attempts.pause(after: self.failure(.silent), canGoOn: false, at: self.now + .milliseconds(9_700), random: 0)
        == nil)
    // What may take longer is given longer.
    #expect(attempts.timeLeft(at: self.now) == .seconds(6))
    #expect(attempts.pause(after: self.failure(.final), canGoOn: true, at: self.now) == nil)
  }

  @Test("a hint is followed without a pause, but not round and round")
  func hints() {
    var attempts = self.attempts()
    let failure = self.failure(.notLeader(hint: nil))
    for _ in 0..<3 { #expect(attempts.pause(after: failure, canGoOn: true, at: self.now) == .zero) }
    #expect(attempts.pause(after: failure, canGoOn: true, at: self.now, random: 0) == .milliseconds(100))
  }

  @Test("a doubt stays; a stream that got on has all of its time again")
  func doubtAndProgress() {
    var attempts = self.attempts()
    _ = attempts.pause(after: self.failure(.away), canGoOn: false, at: self.now)
    #expect(!attempts.isInDoubt)
    _ = attempts.pause(after: self.failure(.away, leavesDoubt: true), canGoOn: false, at: self.now)
    _ = attempts.pause(after: self.failure(.busy), canGoOn: false, at: self.now)
    #expect(attempts.isInDoubt)
    attempts.madeProgress(at: self.now + .seconds(9))
    #expect(attempts.end == self.now + .seconds(19))
    #expect(
      attempts.pause(after: self.failure(.away), canGoOn: false, at: self.now + .seconds(9), random: 0)
        == .milliseconds(100))
  }
}
