import Testing

@testable import KubernetesClient

@Suite("Informer, what it does next")
struct InformerStateMachineTests {
  private typealias State = InformerStateMachine.State

  private func watching(from version: String = "10") -> InformerStateMachine {
    var machine = InformerStateMachine()
    _ = machine.listed(ObjectList(items: [], resourceVersion: version))
    return machine
  }

  @Test("it lists, replaces the store, and watches from the list's version")
  func begins() {
    var machine = InformerStateMachine()
    #expect(machine.state == .listing)
    let items = [object("a", version: 3)]
    #expect(machine.listed(ObjectList(items: items, resourceVersion: "10")) == .replace(items))
    #expect(machine.state == .watching(from: "10"))
  }

  @Test("events advance the version, bookmarks too")
  func advances() {
    var machine = watching()
    #expect(machine.received(.added(object("a", version: 11)), jitter: 0) == .store(object("a", version: 11)))
    #expect(machine.state == .watching(from: "11"))
    #expect(machine.received(.modified(object("a", version: 12)), jitter: 0) == .store(object("a", version: 12)))
    #expect(machine.received(.deleted(object("a", version: 13)), jitter: 0) == .remove(object("a", version: 13)))
    #expect(machine.state == .watching(from: "13"))
    #expect(machine.received(.bookmark(resourceVersion: "99"), jitter: 0) == nil)
    #expect(machine.state == .watching(from: "99"))
  }

  @Test("an expired version is listed anew at once, by status and in the stream")
  func expires() {
    var byStatus = watching()
    byStatus.watchFailed(.status(status(410, "Expired")), jitter: 0)
    #expect(byStatus.state == .listing)
    var inStream = watching()
    #expect(inStream.received(.error(status(410, "Expired")), jitter: 0) == nil)
    #expect(inStream.state == .listing)
  }

  @Test("a list has a reason: the first, an expired version, or a watch that failed")
  func reasons() {
    #expect(InformerStateMachine().listReason == .start)
    var expired = watching()
    expired.watchFailed(.status(status(410, "Expired")), jitter: 0)
    #expect(expired.listReason == .expired)
    // The next list may fail a few times: it is due for the same reason.
    expired.listFailed(.transport("refused"), jitter: 0)
    expired.waited()
    #expect(expired.state == .listing && expired.listReason == .expired)
    var failed = watching()
    failed.watchFailed(.malformed("x"), jitter: 0)
    #expect(failed.listReason == .failure)
  }

  @Test("a version that expires again and again is listed later and later")
  func expiresForever() {
    var machine = watching()
    machine.watchFailed(.status(status(410)), jitter: 0)
    var delays: [Duration] = []
    for _ in 0..<4 {
      _ = machine.listed(ObjectList(items: [], resourceVersion: "10"))
      machine.watchFailed(.status(status(410)), jitter: 0)
      guard case .waiting(let delay, .list) = machine.state else {
        Issue.record("\(machine.state)")
        return
      }
      delays.append(delay)
      machine.waited()
    }
    #expect(delays == [1_600, 3_200, 6_400, 12_800].map { .milliseconds($0) })
  }

  @Test(
    "failures that may pass are followed by a watch from the same version",
    arguments: [
      KubernetesError.status(status(504, "Timeout")), .status(status(429, "TooManyRequests")),
      .status(status(500, "InternalError")), .transport("reset"),
    ])
  func retries(error: KubernetesError) {
    var machine = watching()
    machine.watchFailed(error, jitter: 0)
    #expect(machine.state == .waiting(.milliseconds(800), next: .watch(from: "10")))
    machine.waited()
    #expect(machine.state == .watching(from: "10"))
  }

  @Test(
    "after a failure that leaves us in doubt it lists again, but not at once",
    arguments: [KubernetesError.malformed("x"), .status(status(403, "Forbidden")), .status(status(404, "NotFound"))])
  func doubts(error: KubernetesError) {
    var machine = watching()
    machine.watchFailed(error, jitter: 0)
    #expect(machine.state == .waiting(.milliseconds(800), next: .list))
  }

  @Test("a version that the server never reaches is given up after some tries")
  func tooLargeForever() {
    var machine = watching()
    var relisted = 0
    for _ in 0...InformerStateMachine.watchFailuresBeforeRelist {
      machine.watchFailed(.status(status(504, "Timeout")), jitter: 0)
      if case .waiting(_, .list) = machine.state { relisted += 1 }
      machine.waited()
    }
    #expect(relisted == 1)
    #expect(machine.state == .listing)
  }

  @Test("an event makes the next failure the first again")
  func progress() {
    var machine = watching()
    machine.watchFailed(.transport("reset"), jitter: 0)
    machine.waited()
    machine.watchFailed(.transport("reset"), jitter: 0)
    #expect(machine.state == .waiting(.milliseconds(1_600), next: .watch(from: "10")))
    machine.waited()
    _ = machine.received(.bookmark(resourceVersion: "11"), jitter: 0)
    machine.watchFailed(.transport("reset"), jitter: 0)
    #expect(machine.state == .waiting(.milliseconds(800), next: .watch(from: "11")))
  }

  @Test("a watch that ran its time is followed by the next; one that ended at once waits")
  func ends() {
    var machine = watching()
    machine.watchEnded(lasted: .seconds(290), jitter: 0)
    #expect(machine.state == .watching(from: "10"))
    machine.watchEnded(lasted: .milliseconds(3), jitter: 0)
    #expect(machine.state == .waiting(.milliseconds(800), next: .watch(from: "10")))
  }

  @Test("waits are spread, bounded, and never shorter than the server asked for")
  func waits() {
    var machine = InformerStateMachine()
    machine.listFailed(.transport("refused"), jitter: 0.5)
    #expect(machine.state == .waiting(.milliseconds(1_200), next: .list))
    for _ in 0..<20 {
      machine.waited()
      machine.listFailed(.transport("refused"), jitter: 0)
    }
    #expect(machine.state == .waiting(.seconds(30), next: .list))
    machine.waited()
    machine.listFailed(.status(status(429, retryAfter: .seconds(77))), jitter: 0)
    #expect(machine.state == .waiting(.seconds(77), next: .list))
  }
}
