import Authorization
import CAllocationCounter
import Glibc

/// A policy, and requests of which it allows about every second one.
struct CheckLoad: Sendable {
  let name: String
  let model: String
  let policy: String
  let requests: [(subject: Subject, object: Object, action: Action)]

  /// Lines of the policies that are measured: more than a cluster's clients have in most places.
  static let lines = 300

  /// proglog's model, and a line for each pair of client and action.
  static let equality = CheckLoad(
    name: "by ==", model: model(matcher: "r.sub == p.sub && r.obj == p.obj && r.act == p.act"),
    policy: (0..<lines).map { "p, client-\($0 / 3).example.com, *, \(Action.known[$0 % 3])\n" }.joined(),
    requests: requests { ("client-\($0).example.com", "*") })

  /// Clients that come to a line by a role of a role.
  static let roles = CheckLoad(
    name: "by roles", model: model(roles: true, matcher: "g(r.sub, p.sub) && r.obj == p.obj && r.act == p.act"),
    policy: (0..<lines).map { "p, team-\($0 / 3), *, \(Action.known[$0 % 3])\n" }.joined()
      + (0..<lines).map { "g, client-\($0).example.com, group-\($0 / 3)\ng, group-\($0), team-\($0)\n" }.joined(),
    requests: requests { ("client-\($0).example.com", "*") })

  /// A pattern for the object, of which a client has three.
  static let keyMatch = CheckLoad(
    name: "by == and keyMatch",
    model: model(matcher: "r.sub == p.sub && keyMatch(r.obj, p.obj) && r.act == p.act"),
    policy: (0..<lines).map { "p, client-\($0 / 3).example.com, topics/\($0 % 3)/*, consume\n" }.joined(),
    requests: requests { ("client-\($0).example.com", "topics/2/orders") })

  static let globMatch = CheckLoad(
    name: "by == and globMatch",
    model: model(matcher: "r.sub == p.sub && globMatch(r.obj, p.obj) && r.act == p.act"),
    policy: (0..<lines).map { "p, client-\($0 / 3).example.com, topics/\($0 % 3)/**/or?ers, consume\n" }.joined(),
    requests: requests { ("client-\($0).example.com", "topics/2/eu/west/orders") })

  /// What no index is for: each line has to be looked at.
  static let scan = CheckLoad(
    name: "by globMatch alone", model: model(matcher: "globMatch(r.sub, p.sub) && r.act == p.act"),
    policy: (0..<lines).map { "p, client-\($0).*, *, consume\n" }.joined(),
    requests: requests { ("client-\($0 + lines / 2).example.com", "*") })

  static let all = [equality, roles, keyMatch, globMatch, scan]

  private static func model(roles: Bool = false, matcher: String) -> String {
    """
    [request_definition]
    r = sub, obj, act
    [policy_definition]
    p = sub, obj, act
    \(roles ? "[role_definition]\ng = _, _" : "")
    [policy_effect]
    e = some(where (p.eft == allow))
    [matchers]
    m = \(matcher)
    """
  }

  private static func requests(_ names: (Int) -> (String, String)) -> [(Subject, Object, Action)] {
    (0..<lines).map { number in
      let (subject, object) = names(number)
      return (Subject(subject), Object(object), number % 3 == 0 ? .produce : .consume)
    }
  }
}

/// What a check costs.
struct CheckTimes {
  let nanoseconds: Double
  let allocations: Double
  let allowedShare: Double

  private static let checks = 300_000

  /// Takes the policy in force for each check, as a server does, and decides.
  ///
  /// - Parameter take: gives the policy in force.
  static func measure(_ load: CheckLoad, taking take: () -> AccessPolicy) -> CheckTimes {
    var allowed = 0
    let allocated = callocationcounter_count()
    let began = processorTime()
    for number in 0..<Self.checks {
      let request = load.requests[number % load.requests.count]
      let decision = take().decide(subject: request.subject, object: request.object, action: request.action)
      if decision.isAllowed { allowed += 1 }
    }
    let time = processorTime() - began
    let allocations = callocationcounter_count() - allocated
    return CheckTimes(
      nanoseconds: time / Double(Self.checks), allocations: Double(allocations) / Double(Self.checks),
      allowedShare: Double(allowed) / Double(Self.checks))
  }

  /// Nanoseconds of this thread: a check waits for nothing, and other processes are not what is measured.
  private static func processorTime() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) * 1e9 + Double(time.tv_nsec)
  }
}
