import KubernetesClient

/// What takes something from the cluster for a while, or changes who is in it: one at a time.
extension Planner {
  /// All such steps in their order, of which the first alone may be taken, and none while something that was begun is not
  /// done: a server that comes up, a change of members, a hand-over.
  func disruptions(_ situation: Situation, isTemplateSettled: Bool) -> [Step] {
    guard situation.statefulSet != nil, !situation.spec.isHibernated else { return [] }
    let membership = membership(situation)
    let mends = isTemplateSettled ? mends(situation) : []
    let rolls = isTemplateSettled ? rolls(situation) : []
    let goingOrComing = goingOrComing(situation)
    var blocker: String?
    var result: [Step] = []
    for step in mends + membership {
      result.append(heldBack(step, by: blocker))
      // What stands in a restart's way is another restart; members may change while a new server's pod starts.
      if case .restart = step.action, let other = goingOrComing.leaving {
        result[result.count - 1] = heldBack(result[result.count - 1], by: "one at a time: Pod \(other) first")
      }
      if blocksOthers(step) { blocker = blocker ?? "one at a time: \(step.title) first" }
    }
    blocker = blocker ?? goingOrComing.any.map { "one at a time: Pod \($0) must be ready first" }
    for step in rolls {
      result.append(heldBack(step, by: blocker))
      blocker = blocker ?? "one at a time: \(step.title) first"
    }
    return result
  }

  private func heldBack(_ step: Step, by blocker: String?) -> Step {
    guard let blocker, !step.isWaiting, !step.isRefused else { return step }
    var step = step
    step.heldBackBy = step.heldBackBy ?? blocker
    return step
  }

  private func blocksOthers(_ step: Step) -> Bool {
    switch step.reason {
    // A member that is nobody's business holds up nothing.
    case .unknownMember: false
    default: true
    }
  }

  /// The first pod that is on its way out, and the first that is not ready for whatever reason.
  ///
  /// A pod of an older template that is down is neither: it is what will be mended.
  private func goingOrComing(_ situation: Situation) -> (leaving: String?, any: String?) {
    let pods = situation.builder.ordinals.map { ($0, situation.pod($0)) }
    let leaving = pods.first { $0.1?.isBeingDeleted == true }.map { situation.podName($0.0) }
    let any = pods.first { $0.1?.isReady != true }.map { situation.podName($0.0) }
    return (leaving, any)
  }
}
