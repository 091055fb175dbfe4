/// One thing that is measured. To add one, conform a type to this in a file of its own and list it in
/// `Benchmarks.all`.
protocol Benchmark: Sendable {
  /// What `Benchmarks NAME` chooses it by.
  static var name: String { get }

  init()

  /// Measures ours and its peer in turns, so that a change in the machine's mood meets both.
  func run(_ environment: BenchmarkEnvironment) async throws -> [Measurement]
}

struct BenchmarkEnvironment {
  /// An empty directory on the disk of the working directory: /tmp is memory on many machines, and syncs to memory cost
  /// nothing.
  let directory: String
  /// The grpc-go program of Benchmarks/Go.
  let grpcGo: GRPCGo
}

/// A line of the table.
struct Measurement {
  /// What was reached, against what was to be.
  enum Goal {
    case ratioAtLeast(Double)
    case atLeast(Double)
    case atMost(Double)
    case none
  }

  var name: String
  var ours: Double
  var unit: String
  var peer: (name: String, value: Double)?
  /// The median of the rounds' ratios, ours by the peer's.
  var ratio: Double?
  var goal: Goal

  init(_ name: String, ours: Double, unit: String, goal: Goal = .none) {
    self.name = name
    self.ours = ours
    self.unit = unit
    self.goal = goal
  }

  /// Of values taken in turns, one pair a round.
  init(_ name: String, ours: [Double], peer: String, values: [Double], unit: String, goal: Goal) {
    self.init(name, ours: median(ours), unit: unit, goal: goal)
    self.peer = (peer, median(values))
    ratio = median(zip(ours, values).map { $0 / $1 })
  }

  /// Nil where nothing was aimed at.
  var isMet: Bool? {
    switch goal {
    case .ratioAtLeast(let least): ratio.map { $0 >= least }
    case .atLeast(let least): ours >= least
    case .atMost(let most): ours <= most
    case .none: nil
    }
  }
}

/// The middle value; of an even number, the higher one of the two.
func median(_ values: [Double]) -> Double {
  precondition(!values.isEmpty, "no round was measured")
  return values.sorted()[values.count / 2]
}
