import KubernetesClient

@testable import Operator

/// The operator's own half of a trace: caches that lag, what it has done since, and passes as `Reconciler` makes them.
struct TraceOperator {
  static let types: [ResourceType] = [.progLog, .statefulSet, .pod, .persistentVolumeClaim]

  let planner = Planner(defaults: OperatorDefaults(image: "logd:1"))
  let view: ClusterView
  let mistake: TraceMistake?
  /// Which moment each cache shows, and what version of its objects.
  private var shown: [ResourceType: (moment: Int64, version: Int64)] = [:]
  /// What the last pass left to do.
  var left: [Step] = []

  /// It lists everything as it is.
  init(_ world: TraceWorld, mistake: TraceMistake?) {
    let stores = Self.types.map { ($0, [ObjectStore(indexers: ClusterView.indexers)]) }
    view = ClusterView(stores: Dictionary(uniqueKeysWithValues: stores), expectations: Expectations())
    self.mistake = mistake
    for type in Self.types { show(TraceHistory.Moment(world), type, at: world.time) }
  }

  private mutating func show(_ then: TraceHistory.Moment, _ type: ResourceType, at moment: Int64) {
    let version = then.versions[type] ?? 0
    defer { shown[type] = (moment, version) }
    guard shown[type]?.version != version else { return }
    let selected = (then.objects[type] ?? [:]).values.filter {
      type == .progLog || $0.labels[Names.managedByLabel] == Names.fieldManager
    }
    for change in view.stores[type]?.first?.replace(with: selected) ?? [] { view.expectations.saw(change, of: type) }
  }

  /// Caches move on, never back.
  mutating func sync(_ history: TraceHistory, _ world: inout TraceWorld, _ faults: TraceFaults?) {
    for type in Self.types {
      var age: Int64 = 0
      if let faults, faults.has(.staleCaches), world.chance(70) {
        age = Int64.random(in: 0...faults.staleness, using: &world.random)
      }
      let moment = max(shown[type]?.moment ?? 0, world.time - age)
      show(history[moment] ?? TraceHistory.Moment(world), type, at: moment)
    }
  }

  // MARK: A pass

  /// False: it was killed.
  mutating func pass(_ world: inout TraceWorld, _ faults: TraceFaults?) -> Bool {
    guard let resource = view.object(.progLog, TraceWorld.identity) else { return true }
    guard var (steps, situation) = plan(resource, world) else { return true }
    let executable = steps.filter(\.isExecutable)
    let disturbances = world.disturbances
    let disruptive = executable.filter(\.isDisruptive)
    if disruptive.count > 1 { world.violate("several at a time: \(disruptive.map(\.title))") }
    for step in executable {
      if let faults, faults.has(.eventsWithinAPass), world.chance(faults.percent) { faults.strike(&world) }
      if let faults, faults.has(.restartedOperator), world.chance(2) { return false }
      let request = TraceRequest(step: step, resource: resource, disturbances: disturbances)
      guard send(request, &world, faults) else { break }
    }
    if !executable.isEmpty, let next = plan(resource, world) { (steps, situation) = next }
    left = steps
    if let faults, faults.has(.restartedOperator), world.chance(2) { return false }
    writeStatus(resource, situation, &world, faults)
    return true
  }

  /// Whether it was told that all went well.
  private func send(_ request: TraceRequest, _ world: inout TraceWorld, _ faults: TraceFaults?) -> Bool {
    if let faults {
      if faults.has(.lostRequests), world.chance(faults.percent) { return false }
      if faults.has(.lateRequests), world.chance(faults.percent) {
        var late = request
        late.isLate = true
        world.delayed.append((world.time + Int64.random(in: 1...3, using: &world.random), late))
        return false
      }
    }
    let answer = world.carryOut(request)
    if let faults {
      if faults.has(.doubledRequests), world.chance(faults.percent) {
        var again = request
        again.isLate = true
        _ = world.carryOut(again)
      }
      if faults.has(.lostAnswers), world.chance(faults.percent) { return false }
    }
    switch answer {
    case .stored(let object, let type): view.expectations.wrote(object, as: type)
    case .deleted(let type, let key, let uid): view.expectations.deleted(type, key, uid: uid)
    case .done: break
    case .refused: return false
    }
    return true
  }

  private func observe(_ resource: KubernetesObject, _ world: TraceWorld) -> Observation {
    var observation = Observation(resource: resource)
    observation.time = world.time
    for type in Self.types where type != .progLog {
      for child in view.children(type, of: observation.identity) { observation[type, child.name] = child }
    }
    for pod in observation.pods where !pod.isBeingDeleted && pod.status["phase"]?.string == "Running" {
      observation.answers[pod.name] = world.answer(of: pod)
    }
    // What is not in the cache is asked for before it is made.
    if observation.statefulSet == nil { observation[.statefulSet, TraceWorld.name] = world.statefulSet }
    return observation
  }

  private func plan(_ resource: KubernetesObject, _ world: TraceWorld) -> ([Step], Situation)? {
    var observation = observe(resource, world)
    mistake?.mislead(&observation)
    guard let situation = try? planner.situation(observation) else { return nil }
    let steps = planner.servers(situation)
    let isPaused = resource.annotations[Names.pausedAnnotation] == "true"
    return (isPaused ? [] : mistake?.spoil(steps, situation) ?? steps, situation)
  }

  private func writeStatus(
    _ resource: KubernetesObject, _ situation: Situation, _ world: inout TraceWorld, _ faults: TraceFaults?
  ) {
    var status = resource.status
    planner.describe(situation, in: &status)
    guard Planner.isNews(status, after: resource.status) else { return }
    if let faults, faults.has(.lostRequests), world.chance(faults.percent) { return }
    world.edit(.progLog, TraceWorld.name) { $0["status"] = status }
    view.expectations.wrote(world.progLog, as: .progLog)
  }
}

extension Step {
  /// One of these at a time.
  var isDisruptive: Bool {
    switch action {
    case .administer, .restart: true
    default: false
    }
  }
}

/// What the API server held at each of the last moments.
struct TraceHistory {
  struct Moment {
    var objects: TraceWorld.Objects
    var versions: [ResourceType: Int64]

    init(_ world: TraceWorld) { (objects, versions) = (world.objects, world.versions) }
  }

  private var moments: [Int64: Moment] = [:]

  mutating func record(_ world: TraceWorld) {
    moments[world.time] = Moment(world)
    moments[world.time - 62] = nil
  }

  /// As it was at the end of a second; nil for this one, which has not ended.
  subscript(moment: Int64) -> Moment? { moments[moment] }
}
