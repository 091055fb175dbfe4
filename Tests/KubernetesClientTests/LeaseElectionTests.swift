import Testing

@testable import KubernetesClient

/// Transcripts: the times are seconds, the lines are what happened then.
@Suite("Lease election, its rules")
struct LeaseElectionTests {
  @Test("the first creates the lease and leads, the second sees it")
  func first() {
    var world = ElectionWorld()
    world.start("a")
    world.start("b")
    world.run(until: .seconds(60))
    #expect(world.transcript == ["0.0 a leads", "0.0 b sees a"])
    #expect(world.leaders == ["a"])
    let spec = world.lease?.object.spec
    #expect(spec?["holderIdentity"] == "a")
    #expect(spec?["leaseDurationSeconds"] == 15)
    #expect(spec?["leaseTransitions"] == 0)
    #expect(spec?["acquireTime"] == "2023-11-14T22:13:20.000000Z")
    #expect(spec?["renewTime"] == "2023-11-14T22:14:20.000000Z")
  }

  @Test("a leader that is killed is followed within 20 s, measured from when it was last seen to renew")
  func takeover() {
    var world = ElectionWorld()
    world.start("a")
    world.start("b")
    world.run(until: .milliseconds(30_100))
    world.kill("a")
    world.run(until: .seconds(60))
    #expect(world.transcript.suffix(2) == ["30.1 a is killed", "45.0 b leads"])
    #expect(world.lease?.transitions == 1)
  }

  @Test(
    "clocks that are wrong by hours, and began to count at any time, change nothing",
    arguments: [-36_000, 36_000], [0, 1_000_000])
  func skew(skew: Int, boot: Int) {
    var world = ElectionWorld()
    world.start("a", skew: .seconds(skew))
    world.start("b", skew: .seconds(-skew), bootTime: .seconds(boot))
    world.run(until: .seconds(100))
    world.kill("a")
    world.run(until: .seconds(120))
    #expect(
      world.transcript == ["0.0 a leads", "0.0 b sees a", "100.0 a is killed", "115.0 b leads"])
  }

  @Test("a leader that is paused does not believe that it leads when another does, and ends when it wakes")
  func pause() {
    var world = ElectionWorld()
    world.start("a")
    world.start("b")
    world.run(until: .seconds(11))
    world.pause("a", until: .seconds(90))
    world.run(until: .milliseconds(19_900))
    #expect(world.leaders == ["a"])
    world.run(until: .seconds(20))
    #expect(world.leaders == [], "10 s after its last renewal it must not act, though it does not run")
    world.run(until: .seconds(100))
    #expect(
      world.transcript.suffix(3) == [
        "11.0 a is paused", "25.0 b leads",
        "90.0 a ends: the lease was not renewed in time: this process was paused",
      ])
    #expect(!world.wasEverDoubled)
  }

  @Test("a leader that cannot reach the server ends after 10 s, before another leads")
  func cutOff() {
    var world = ElectionWorld()
    world.start("a")
    world.start("b")
    world.run(until: .seconds(11))
    world.cutOff("a")
    world.run(until: .seconds(30))
    #expect(
      world.transcript.suffix(6) == [
        "12.0 a fails: no answer", "14.0 a fails: no answer", "16.0 a fails: no answer", "18.0 a fails: no answer",
        "20.0 a ends: the lease could not be renewed in time: no answer from the API server: no answer",
        "25.0 b leads",
      ])
  }

  @Test("a server that is away for less than 8 s, 10 s less one retry, costs nobody anything")
  func shortOutage() {
    var world = ElectionWorld()
    for name in ["a", "b"] { world.start(name) }
    world.run(until: .seconds(11))
    for name in ["a", "b"] { world.cutOff(name) }
    world.run(until: .milliseconds(17_900))
    for name in ["a", "b"] { world.cutOff(name, false) }
    world.run(until: .seconds(60))
    #expect(world.leaders == ["a"])
    #expect(!world.transcript.contains { $0.contains("b leads") || $0.contains("ends") })
  }

  @Test("a standby that was cut off for long does not take a lease that was renewed meanwhile")
  func cutOffStandby() {
    var world = ElectionWorld()
    world.start("a")
    world.start("b")
    world.run(until: .seconds(5))
    world.cutOff("b")
    world.run(until: .seconds(65))
    world.cutOff("b", false)
    world.run(until: .seconds(100))
    #expect(world.leaders == ["a"])
    #expect(!world.transcript.contains { $0.contains("b leads") })
  }

  @Test("a leader that stops gives the lease back, and the next has it at its next look")
  func release() {
    var world = ElectionWorld()
    world.start("a")
    world.start("b")
    world.run(until: .seconds(31))
    world.stop("a")
    world.run(until: .seconds(31))
    #expect(world.lease?.holder == "")
    #expect(world.lease?.object.spec["leaseDurationSeconds"] == 1)
    world.run(until: .seconds(34))
    #expect(
      world.transcript.suffix(3) == ["31.0 a ends", "32.0 b sees that it is free", "32.0 b leads"])
  }

  @Test("a standby that stops just ends, and leaves the lease alone")
  func stopStandby() {
    var world = ElectionWorld()
    world.start("a")
    world.start("b")
    world.run(until: .seconds(5))
    world.stop("b")
    world.run(until: .seconds(30))
    #expect(world.transcript.last == "5.0 b ends")
    #expect(world.leaders == ["a"])
  }

  @Test("of two that find the lease expired at once one wins, by the resource version")
  func race() {
    var world = ElectionWorld { _ in .init(there: .milliseconds(5), back: .milliseconds(5)) }
    world.start("a")
    world.run(until: .seconds(1))
    world.start("b")
    world.start("c")
    world.run(until: .seconds(10))
    world.kill("a")
    world.run(until: .seconds(40))
    #expect(
      world.transcript.suffix(4) == ["10.0 a is killed", "24.1 b leads", "24.1 c fails: 409", "26.1 c sees b"],
      "\(world.transcript)")
    #expect(!world.wasEverDoubled)
  }

  @Test("a leader whose renewal conflicts looks at once: metadata of others is kept, another holder is the end")
  func conflict() {
    var world = ElectionWorld()
    world.start("a")
    world.run(until: .seconds(3))
    world.edit { $0["metadata"]?["annotations"] = ["note": "mine"] }
    world.run(until: .seconds(5))
    #expect(world.transcript == ["0.0 a leads", "4.0 a fails: 409"])
    #expect(world.leaders == ["a"])
    #expect(world.lease?.object.annotations == ["note": "mine"])
    #expect(world.lease?.object.spec["renewTime"] == "2023-11-14T22:13:24.000000Z")

    world.edit { $0["spec"]?["holderIdentity"] = "somebody" }
    world.run(until: .seconds(7))
    #expect(
      world.transcript.suffix(2) == ["6.0 a sees somebody", "6.0 a ends: the lease is now held by somebody"])
  }

  @Test("a deleted lease is made again by its holder; who saw the holder waits until its time is over")
  func deletion() {
    var world = ElectionWorld()
    world.start("a")
    world.start("b")
    world.run(until: .milliseconds(11_000))
    world.deleteLease()
    world.run(until: .seconds(13))
    #expect(world.transcript.suffix(2) == ["11.0 the lease is deleted", "12.0 a fails: 404"])
    #expect(world.leaders == ["a"])

    world.deleteLease()
    world.kill("a")
    world.run(until: .seconds(40))
    #expect(world.transcript.last == "27.0 b leads")
  }

  @Test("a process that was not told that it had won finds out")
  func lostAnswer() {
    // The first request reads, the second creates.
    var world = ElectionWorld { world in .init(loss: world.requests == 2 ? .answer : nil) }
    world.start("a")
    world.run(until: .seconds(1))
    #expect(world.lease?.holder == "a")
    #expect(world.leaders == [])
    world.run(until: .seconds(3))
    #expect(world.leaders == ["a"])
    #expect(world.lease?.transitions == 0)
  }

  @Test("times have six digits, before 1970 too")
  func microTime() {
    #expect("\(MicroTime(microsecondsSince1970: 1_700_000_000_000_007))" == "2023-11-14T22:13:20.000007Z")
    #expect("\(MicroTime(microsecondsSince1970: -1))" == "1969-12-31T23:59:59.999999Z")
    #expect("\(MicroTime(microsecondsSince1970: 0))" == "1970-01-01T00:00:00.000000Z")
  }

  @Test("whatever is paused, cut off, slow, killed and started: never two, and one in the end", arguments: 0..<60)
  func anything(seed: UInt64) {
    var world = ElectionWorld { $0.isCalm ? .init() : Self.anyFate(&$0.random) }
    world.random = SplitMix64(seed: seed)
    var started = 0
    for second in stride(from: 0, to: 240, by: 3) {
      world.run(until: .seconds(second))
      if world.names.count < 3 {
        started += 1
        world.start(
          "p\(started)", skew: .seconds(Int.random(in: -900...900, using: &world.random)),
          bootTime: .seconds(Int.random(in: 0...9_000, using: &world.random)))
      }
      guard let name = world.names.randomElement(using: &world.random) else { continue }
      switch Int.random(in: 0..<8, using: &world.random) {
      case 0: world.kill(name)
      case 1: world.pause(name, until: .seconds(second + Int.random(in: 1...40, using: &world.random)))
      case 2: world.cutOff(name)
      case 3, 4: world.cutOff(name, false)
      case 5: world.stop(name)
      default: break
      }
    }
    #expect(!world.wasEverDoubled, "\(world.transcript)")
    world.isCalm = true
    world.start("last")
    for name in world.names { world.cutOff(name, false) }
    world.run(until: .seconds(240 + 40 + 20))
    #expect(world.leaders.count == 1, "\(world.transcript)")
  }

  private static func anyFate(_ random: inout SplitMix64) -> ElectionWorld.Fate {
    func delay() -> Duration { Int.random(in: 0...20, using: &random) == 0 ? .seconds(4) : .milliseconds(20) }
    let losses: [ElectionWorld.Fate.Loss?] = [nil, nil, nil, .request, .answer]
    return .init(there: delay(), back: delay(), loss: losses.randomElement(using: &random) ?? nil)
  }
}
