import KubernetesClient
import Testing

@testable import Operator

@Suite struct ClusterViewTests {
  private func configMap(_ namespace: String, of instance: String) -> KubernetesObject {
    KubernetesObject([
      "metadata": [
        "namespace": .string(namespace), "name": .string(Names.configMap(instance)),
        "uid": .string(namespace + instance),
        "resourceVersion": "1", "labels": .object(Names.labels(instance, .configuration)),
      ]
    ])
  }

  private func log(in namespace: String) -> Identity {
    Identity(KubernetesObject(["metadata": ["namespace": .string(namespace), "name": "log", "uid": "u"]]))
  }

  @Test("a ProgLog's children are those of its namespace, whatever has its name elsewhere")
  func namespaces() {
    let store = ObjectStore(indexers: ClusterView.indexers)
    for (namespace, instance) in [("a", "log"), ("b", "log"), ("a", "log-1"), ("a-log", "x"), ("a", "b")] {
      _ = store.store(configMap(namespace, of: instance))
    }
    let view = ClusterView(stores: [.configMap: [store]], expectations: Expectations())
    for namespace in ["a", "b"] {
      let children = view.children(.configMap, of: log(in: namespace))
      #expect(children.map(\.key) == [ObjectKey(namespace: namespace, name: "log-config")])
    }
    #expect(view.children(.configMap, of: log(in: "c")).isEmpty)
  }

  @Test("one that we have made and no cache shows yet is a child of its ProgLog alone")
  func written() {
    let view = ClusterView(
      stores: [.configMap: [ObjectStore(indexers: ClusterView.indexers)]], expectations: Expectations())
    view.expectations.wrote(configMap("a", of: "log"), as: .configMap)
    #expect(view.children(.configMap, of: log(in: "a")).count == 1)
    #expect(view.children(.configMap, of: log(in: "b")).isEmpty)
  }

  @Test("what a cache was told of before we had the answer to our write is waited for no more")
  func toldBefore() {
    let store = ObjectStore(indexers: ClusterView.indexers)
    let view = ClusterView(stores: [.configMap: [store]], expectations: Expectations())
    let made = configMap("a", of: "log")
    _ = store.store(made).map { view.expectations.saw($0, of: .configMap) }
    view.expectations.wrote(made, as: .configMap)
    let key = log(in: "a").key("log")
    #expect(view.expectations.written(.configMap, for: key) == [made.key])
    #expect(view.children(.configMap, of: log(in: "a")) == [made])
    #expect(view.expectations.written(.configMap, for: key).isEmpty)
  }
}
