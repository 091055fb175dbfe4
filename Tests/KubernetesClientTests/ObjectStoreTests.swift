import KubernetesClient
import Testing

@Suite("Object store")
struct ObjectStoreTests {
  @Test("a relist tells what was created, changed and deleted meanwhile, and nothing else")
  func relist() {
    let store = ObjectStore()
    let before = [object("same", version: 1), object("changed", version: 2), object("gone", version: 3)]
    #expect(Set(store.replace(with: before).map(\.key)) == [key("same"), key("changed"), key("gone")])
    let changes = store.replace(with: [
      object("same", version: 1), object("changed", version: 4), object("new", version: 5),
    ])
    #expect(
      Set(changes) == [
        ObjectChange(key: key("gone"), old: before[2], new: nil),
        ObjectChange(key: key("changed"), old: before[1], new: object("changed", version: 4)),
        ObjectChange(key: key("new"), old: nil, new: object("new", version: 5)),
      ])
    #expect(store.count == 3)
    #expect(store[key("gone")] == nil)
  }

  @Test("an object that was deleted and created again between lists is a deletion and a creation")
  func recreated() {
    let store = ObjectStore()
    let old = object("a", version: 1, uid: "first")
    let new = object("a", version: 9, uid: "second")
    _ = store.replace(with: [old])
    #expect(
      store.replace(with: [new]) == [
        ObjectChange(key: key("a"), old: old, new: nil), ObjectChange(key: key("a"), old: nil, new: new),
      ])
  }

  @Test("the same version told twice is one change")
  func repeated() {
    let store = ObjectStore()
    #expect(store.store(object("a", version: 1)).count == 1)
    #expect(store.store(object("a", version: 1)).isEmpty)
    #expect(store.remove(key("a")).count == 1)
    #expect(store.remove(key("a")).isEmpty)
  }

  @Test("indexes follow stores, changes, removals and relists")
  func indexes() {
    let store = ObjectStore(indexers: [.label("app"), .namespace])
    func names(_ value: String) -> [String] { store.objects(in: "app", equalTo: value).map(\.name) }
    _ = store.store(object("b", version: 1, labels: ["app": "x"]))
    _ = store.store(object("a", version: 2, labels: ["app": "x"]))
    #expect(names("x") == ["a", "b"])
    _ = store.store(object("a", version: 3, labels: ["app": "y"]))
    #expect(names("x") == ["b"])
    #expect(names("y") == ["a"])
    _ = store.remove(key("b"))
    #expect(names("x") == [])
    _ = store.replace(with: [object("c", version: 4, labels: ["app": "x"]), object("d", version: 5)])
    #expect(names("x") == ["c"])
    #expect(names("y") == [])
    #expect(store.objects(in: "namespace", equalTo: "default").map(\.name) == ["c", "d"])
  }
}
