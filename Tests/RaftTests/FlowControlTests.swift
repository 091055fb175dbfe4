import CommitLog
import Testing

@testable import Raft

@Suite("Raft: flow control")
struct FlowControlTests {
  private let batchBytes = RecordBatch.record("0").byteCount

  private var narrow: Settings {
    var settings = Settings.withoutDelay
    settings.maximumMessageBytes = batchBytes * 2
    settings.maximumInflightBytes = batchBytes * 4
    settings.maximumUncommittedBytes = batchBytes * 8
    return settings
  }

  private func unwrittenBytes(of name: String, in cluster: TestCluster) -> Int {
    cluster.nodes[name]?.writes.reduce(0) { sum, write in
      guard case .append(let batches, _) = write.write else { return sum }
      return sum + batches.reduce(0) { $0 + $1.byteCount }
    } ?? 0
  }

  @Test("a follower whose disk hangs holds no more than the bound, however long it hangs")
  func hangingFollower() {
    var cluster = TestCluster(voters: ["a", "b", "c"], settings: narrow)
    cluster.elect("a")
    cluster.nodes["b"]?.isDiskSlow = true
    for _ in 0..<60 {
      cluster.propose("0", at: "a")
      cluster.run(for: .milliseconds(500))
    }
    #expect(cluster.commit(of: "a") == 62)
    #expect(unwrittenBytes(of: "b", in: cluster) <= narrow.maximumInflightBytes + narrow.maximumMessageBytes)
    cluster.nodes["b"]?.isDiskSlow = false
    cluster.finishWrites(of: "b")
    cluster.run(for: .seconds(5))
    #expect(cluster["b"].status.flushedIndex == LogIndex(62))
  }

  @Test("a leader whose own disk hangs takes no more than the bound, though its followers commit")
  func hangingLeader() {
    var cluster = TestCluster(voters: ["a", "b", "c"], settings: narrow)
    cluster.elect("a")
    cluster.nodes["a"]?.isDiskSlow = true
    for _ in 0..<20 {
      cluster.propose("0", at: "a")
      cluster.deliver()
    }
    #expect(cluster.commit(of: "a") == 10)
    #expect(cluster.answers(of: "a").last == "request 20 refused: overloaded(uncommittedBytes: \(batchBytes * 8))")
    cluster.nodes["a"]?.isDiskSlow = false
    cluster.finishWrites(of: "a")
    cluster.propose("0", at: "a")
    cluster.deliver()
    #expect(cluster.commit(of: "a") == 11)
  }
}
