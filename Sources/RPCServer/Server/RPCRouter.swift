/// The methods of a server, by path.
package struct RPCRouter: Sendable {
  private var methods: [String: RPCMethod] = [:]

  package init(_ methods: [RPCMethod] = []) { register(methods) }

  /// Two methods of one path are a bug in the program.
  package mutating func register(_ method: RPCMethod) {
    precondition(methods.updateValue(method, forKey: method.path) == nil, "method \(method.path) is registered twice")
  }

  package mutating func register(_ methods: [RPCMethod]) {
    for method in methods { register(method) }
  }

  package func method(at path: String) -> RPCMethod? { methods[path] }
}
