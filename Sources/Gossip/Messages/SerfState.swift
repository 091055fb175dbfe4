/// What Serf adds to memberlist's push/pull.
package struct SerfState: Hashable, Sendable {
  package var time: LamportTime
  /// Of each member, when it was last heard to join or leave.
  package var statusTimes: [MemberName: LamportTime]
  package var leftMembers: [MemberName]
  package var eventTime: LamportTime
  /// Recent events, grouped by their time.
  package var events: [LamportTime: [UserEvent]]
  package var queryTime: LamportTime

  package init(
    time: LamportTime, statusTimes: [MemberName: LamportTime], leftMembers: [MemberName], eventTime: LamportTime,
    events: [LamportTime: [UserEvent]], queryTime: LamportTime
  ) {
    self.time = time
    self.statusTimes = statusTimes
    self.leftMembers = leftMembers
    self.eventTime = eventTime
    self.events = events
    self.queryTime = queryTime
  }
}
