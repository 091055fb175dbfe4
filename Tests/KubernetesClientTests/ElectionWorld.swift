@testable import KubernetesClient

/// Processes that run for one Lease, on a clock that only the test moves: what they do comes out as lines to read.
struct ElectionWorld {
  /// What happens to one request.
  struct Fate {
    /// On the way to the server, and back.
    var there = Duration.zero
    var back = Duration.zero
    /// Nil: it comes through.
    var loss: Loss?

    enum Loss { case request, answer }
  }

  private enum Step {
    case next
    /// The request reaches the server.
    case arrive(LeaseElection.Action, Fate)
    case answer(Answer)
  }

  private enum Answer {
    case read(Lease?)
    case written(Lease)
    case failed(KubernetesError)

    static let noAnswer = Answer.failed(.transport("no answer"))
  }

  private struct Candidate {
    var election: LeaseElection
    /// Its monotonic clock began to count at a moment of its own.
    var bootTime: Duration
    /// Its wall clock is wrong by so much.
    var skew: Duration
    var step: Step?
    var due: Duration
    var isCutOff = false
    var pausedUntil = Duration.zero
  }

  static let timing = LeaseTiming.defaults
  private static let key = ObjectKey(namespace: "default", name: "controller")
  private static let start = LeaseElection.Instant.now

  private(set) var now = Duration.zero
  private(set) var lease: Lease?
  private(set) var transcript: [String] = []
  /// Whether at some moment two believed that they led.
  private(set) var wasEverDoubled = false
  private var candidates: [String: Candidate] = [:]
  private var revision: Int64 = 0
  private let fate: (inout ElectionWorld) -> Fate
  /// For the test's own use when it decides the fate of requests.
  var random = SplitMix64(seed: 1)
  var isCalm = false
  private(set) var requests = 0

  init(fate: @escaping (inout ElectionWorld) -> Fate = { _ in Fate() }) { self.fate = fate }

  var names: [String] { candidates.keys.sorted() }
  var leaders: [String] { names.filter { leads($0) } }

  /// Whether a process would find that it leads if it looked now. A paused one is asked, too: it may wake at any
  /// moment.
  func leads(_ name: String) -> Bool {
    candidates[name].map { $0.election.isLeading(at: instant(of: $0)) } ?? false
  }

  // MARK: What happens to processes

  mutating func start(_ name: String, skew: Duration = .zero, bootTime: Duration = .zero) {
    let election = LeaseElection(Self.key, identity: name, timing: Self.timing)
    candidates[name] = Candidate(election: election, bootTime: bootTime, skew: skew, step: .next, due: now)
  }

  mutating func kill(_ name: String) {
    candidates[name] = nil
    say("\(name) is killed")
  }

  mutating func stop(_ name: String) {
    candidates[name]?.election.stop()
    if case .next? = candidates[name]?.step { candidates[name]?.due = now }
  }

  mutating func pause(_ name: String, until end: Duration) {
    candidates[name]?.pausedUntil = end
    say("\(name) is paused")
  }

  mutating func cutOff(_ name: String, _ isCutOff: Bool = true) { candidates[name]?.isCutOff = isCutOff }

  /// What a person does with kubectl.
  mutating func edit(_ change: (inout JSONValue) -> Void) {
    guard let lease else { return }
    var content = lease.object.content
    change(&content)
    _ = store(KubernetesObject(content))
  }

  mutating func deleteLease() {
    lease = nil
    say("the lease is deleted")
  }

  // MARK: Time

  mutating func run(until end: Duration) {
    while let (name, due) = nextDue, due <= end {
      now = max(now, due)
      take(name)
      if leaders.count > 1 { wasEverDoubled = true }
    }
    now = end
  }

  private var nextDue: (String, Duration)? {
    candidates.compactMap { name, candidate -> (String, Duration)? in
      guard let step = candidate.step else { return nil }
      // The network goes on while a process is paused.
      if case .arrive = step { return (name, candidate.due) }
      return (name, max(candidate.due, candidate.pausedUntil))
    }.min { ($0.1, $0.0) < ($1.1, $1.0) }
  }

  private func instant(of candidate: Candidate) -> LeaseElection.Instant { Self.start + candidate.bootTime + now }

  private mutating func take(_ name: String) {
    guard var candidate = candidates[name], let step = candidate.step else { return }
    candidate.step = nil
    switch step {
    case .next: next(name, &candidate)
    case .arrive(let action, let fate):
      let answer = fate.loss == .request ? nil : serve(action)
      candidate.step = .answer(fate.loss == nil ? answer ?? .noAnswer : .noAnswer)
      candidate.due = now + fate.back
    case .answer(let answer): answered(answer, name, &candidate)
    }
    candidates[name] = candidate
  }

  private mutating func next(_ name: String, _ candidate: inout Candidate) {
    let instant = instant(of: candidate)
    let time = MicroTime(
      microsecondsSince1970: Int64((now + candidate.skew) / .microseconds(1)) + 1_700_000_000_000_000)
    let action = candidate.election.next(now: instant, time: time, jitter: 0)
    switch action {
    case .wait(let deadline):
      candidate.step = .next
      candidate.due = now + instant.duration(to: deadline)
    case .end(let loss):
      say("\(name) ends" + (loss.map { ": \($0)" } ?? ""))
    case .read, .create, .update:
      requests += 1
      var fate = fate(&self)
      if candidate.isCutOff { fate.loss = .request }
      // The shell's time limit: a late answer is none.
      let limit = candidate.election.timeLimit(now: instant)
      if fate.there + fate.back > limit {
        fate.loss = fate.loss ?? .answer
        fate.back = max(limit - fate.there, .zero)
      }
      candidate.step = .arrive(action, fate)
      candidate.due = now + fate.there
    }
  }

  private mutating func answered(
    _ answer: Answer, _ name: String, _ candidate: inout Candidate
  ) {
    let instant = instant(of: candidate)
    let (wasLeading, before) = (candidate.election.leadsUntil != nil, candidate.election.holder)
    switch answer {
    case .read(let lease): candidate.election.read(lease, now: instant)
    case .written(let lease): candidate.election.written(lease, now: instant)
    case .failed(let error):
      candidate.election.failed(error, now: instant)
      say("\(name) fails: \(error.code.map(String.init) ?? "no answer")")
    }
    let holder = candidate.election.holder
    if !wasLeading, candidate.election.leadsUntil != nil { say("\(name) leads") }
    if holder != before, holder != name { say("\(name) sees " + (holder.isEmpty ? "that it is free" : holder)) }
    candidate.step = .next
    candidate.due = now
  }

  // MARK: The server

  private mutating func serve(_ action: LeaseElection.Action) -> Answer {
    func refusal(_ code: Int, _ reason: String) -> Answer {
      .failed(.status(APIStatus(code: code, reason: reason, message: "")))
    }
    switch action {
    case .read: return .read(lease)
    case .create(let lease):
      guard self.lease == nil else { return refusal(409, "AlreadyExists") }
      return .written(store(lease.object))
    case .update(let update):
      guard let lease else { return refusal(404, "NotFound") }
      guard lease.object.resourceVersion == update.object.resourceVersion else { return refusal(409, "Conflict") }
      return .written(store(update.object))
    case .wait, .end: preconditionFailure("\(action) reached the server")
    }
  }

  private mutating func store(_ object: KubernetesObject) -> Lease {
    var object = object
    revision += 1
    object.content["metadata"]?["resourceVersion"] = .string("\(revision)")
    if object.uid.isEmpty { object.content["metadata"]?["uid"] = .string("uid-\(revision)") }
    let lease = Lease(object)
    self.lease = lease
    return lease
  }

  private mutating func say(_ what: String) {
    let tenths = Int64((now / .milliseconds(100)).rounded())
    transcript.append("\(tenths / 10).\(tenths % 10) \(what)")
  }
}

/// A small generator with a seed.
struct SplitMix64: RandomNumberGenerator {
  private var state: UInt64
  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
