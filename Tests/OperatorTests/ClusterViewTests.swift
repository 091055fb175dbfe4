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
}
