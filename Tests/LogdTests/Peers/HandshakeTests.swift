import Raft
import Testing

@testable import Logd

@Suite("Peers: what a hello is answered with")
struct HandshakeTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var name: String
    /// Of the one who is asked, who is b.
    var cluster: String?
    var courting: String?
    var hello: Hello
    var refusal: HelloRefusal?

    var testDescription: String { name }
  }

  static let cases = [
    Case(name: "same cluster", cluster: "c", hello: PeerSamples.hello()),
    Case(name: "another lane", cluster: "c", hello: PeerSamples.hello(lane: .data)),
    Case(name: "other cluster", cluster: "d", hello: PeerSamples.hello(), refusal: .otherCluster),
    Case(name: "no cluster yet takes the one that names it", hello: PeerSamples.hello()),
    Case(name: "no cluster yet, its first one is there", courting: "c", hello: PeerSamples.hello()),
    Case(
      name: "no cluster yet, another one is there", courting: "d", hello: PeerSamples.hello(), refusal: .otherCluster),
    Case(
      name: "the own cluster counts, not who is there", cluster: "c", courting: "d", hello: PeerSamples.hello()),
    Case(
      name: "who dials is in a cluster", cluster: "c", hello: PeerSamples.hello(cluster: nil), refusal: .noCluster),
    Case(name: "so it is for a node without", hello: PeerSamples.hello(cluster: nil), refusal: .noCluster),
    Case(
      name: "another life of this node", cluster: "c", hello: PeerSamples.hello(to: PeerSamples.peer("b", life: 2)),
      refusal: .otherIncarnation),
    Case(
      name: "another life, and no cluster", hello: PeerSamples.hello(to: PeerSamples.peer("b", life: 2)),
      refusal: .otherIncarnation),
    Case(
      name: "another cluster says more than another life", cluster: "d",
      hello: PeerSamples.hello(to: PeerSamples.peer("b", life: 2)), refusal: .otherCluster),
    Case(
      name: "another node", cluster: "c", hello: PeerSamples.hello(to: PeerSamples.peer("x")), refusal: .otherNode),
    Case(
      name: "itself", cluster: "c", hello: PeerSamples.hello(from: PeerSamples.peer("b")), refusal: .sameName),
    Case(
      name: "its twin", cluster: "c", hello: PeerSamples.hello(from: PeerSamples.peer("b", life: 2)),
      refusal: .sameName),
  ]

  @Test("by identity, cluster and name", arguments: cases)
  func refusal(example: Case) {
    let identity = PeerIdentity(peer: PeerSamples.peer("b"), clusterID: example.cluster, address: "b:1")
    #expect(identity.refusal(of: example.hello, courting: example.courting) == example.refusal)
  }
}
