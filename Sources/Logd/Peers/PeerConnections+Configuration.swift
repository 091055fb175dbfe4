import CommitLog
package import NIOCore
import Raft

extension PeerConnections {
  /// Times and bounds of the connections between nodes.
  package struct Configuration: Sendable {
    /// As the core's. What was sent and is not acknowledged by the other machine in twice this time ends the
    /// connection.
    package var electionTimeout: Duration
    /// The longest frame taken on a data lane, in bytes.
    package var maximumFrameBytes: Int
    /// As the core's: this, and one message more, may wait on a data lane before messages are dropped.
    package var maximumInflightBytes: Int
    /// What may wait on a control lane before messages are dropped, in bytes: some thousands of heartbeats.
    package var maximumControlBytes = 256 << 10
    /// A dialed address must accept within this time.
    package var connectTimeout = TimeAmount.seconds(1)
    /// The greeting must be over within this time.
    package var greetingTimeout = TimeAmount.seconds(10)
    /// How long the connections to one who is no member any more stay, for what is on its way.
    package var retirementGrace = TimeAmount.seconds(5)
    /// Accepted connections: two of each member, and of a former life of each.
    package var maximumAccepted = 4 * Raft.Configuration.maximumMembers
    /// Accepted connections that have not been greeted yet.
    package var maximumGreeting = 256

    package init(electionTimeout: Duration, maximumFrameBytes: Int, maximumInflightBytes: Int) {
      self.electionTimeout = electionTimeout
      self.maximumFrameBytes = maximumFrameBytes
      self.maximumInflightBytes = maximumInflightBytes
    }

    /// The longest frame that a node has to take: a message of several batches, the largest batch alone, or a snapshot.
    ///
    /// - Parameters:
    ///   - messageBytes: of batches in one message, as the core's settings have it.
    ///   - batchBytes: of the largest batch that this log takes. A larger one could not be appended here anyway.
    ///   - stateBytes: of the state that a snapshot has at most.
    package static func maximumFrameBytes(messageBytes: Int, batchBytes: Int, stateBytes: Int) -> Int {
      max(messageBytes, batchBytes, stateBytes + DerivedState.maximumConfigurationBytes) + maximumHeadBytes
    }

    /// Everything of a frame but batches, configuration and state, in bytes; it takes some dozens.
    private static let maximumHeadBytes = 1 << 10

    /// TCP_USER_TIMEOUT.
    var userTimeout: Duration { electionTimeout * 2 }
  }
}
