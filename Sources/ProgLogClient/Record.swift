#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

/// A record as it stands in the log.
public struct Record: Sendable, Hashable {
  /// Its place in the log.
  public let offset: UInt64
  /// What was produced.
  public let value: [UInt8]
  /// The leader's term when it was appended.
  public let term: UInt64

  /// Creates a record from its parts.
  public init(offset: UInt64, value: [UInt8], term: UInt64) {
    self.offset = offset
    self.value = value
    self.term = term
  }
}

/// Where a consumer begins.
public enum ConsumePosition: Sendable, Hashable {
  /// The oldest record that the log still has.
  case earliest
  /// Behind the newest record: only those to come.
  case latest
  /// That record.
  case offset(UInt64)
  /// The oldest record that was appended at that time or later, by the servers' clocks.
  case time(Date)
}

/// A member of the cluster.
public struct ClusterServer: Sendable, Hashable {
  /// Its name in the cluster.
  public let id: String
  /// `HOST:PORT` where clients reach it.
  public let address: String
  /// Whether it took itself, or was known, for the leader.
  public let isLeader: Bool

  /// Creates a server from its parts.
  public init(id: String, address: String, isLeader: Bool) {
    self.id = id
    self.address = address
    self.isLeader = isLeader
  }
}
