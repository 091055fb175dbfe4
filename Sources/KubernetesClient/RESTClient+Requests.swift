import NIOHTTP1

extension RESTClient {
  package func get(_ type: ResourceType, _ key: ObjectKey) async throws(KubernetesError) -> KubernetesObject? {
    do {
      let answer = try await send(APIRequest(method: .GET, path: type.path(to: key)))
      return type.object(answer)
    } catch  where error.isNotFound {
      return nil
    }
  }

  package func create(
    _ object: KubernetesObject, as type: ResourceType
  ) async throws(KubernetesError) -> KubernetesObject {
    let request = APIRequest(
      method: .POST, path: type.path(namespace: object.namespace), body: type.object(object.content).content)
    return type.object(try await send(request))
  }

  package func update(
    _ object: KubernetesObject, as type: ResourceType
  ) async throws(KubernetesError) -> KubernetesObject {
    // Without it the server would replace whatever is there.
    precondition(!object.resourceVersion.isEmpty, "an update of \(type.kind) \(object.key) without a resourceVersion")
    let request = APIRequest(
      method: .PUT, path: type.path(to: object.key), body: type.object(object.content).content)
    return type.object(try await send(request))
  }

  package func apply(
    _ object: KubernetesObject, as type: ResourceType, fieldManager: String
  ) async throws(KubernetesError) -> KubernetesObject {
    try await apply(object, as: type, fieldManager: fieldManager, subresource: nil)
  }

  package func applyStatus(
    _ object: KubernetesObject, as type: ResourceType, fieldManager: String
  ) async throws(KubernetesError) -> KubernetesObject {
    try await apply(object, as: type, fieldManager: fieldManager, subresource: "status")
  }

  package func mergePatch(
    _ type: ResourceType, _ key: ObjectKey, _ patch: JSONValue
  ) async throws(KubernetesError) -> KubernetesObject {
    let request = APIRequest(
      method: .PATCH, path: type.path(to: key), body: patch, contentType: "application/merge-patch+json")
    return type.object(try await send(request))
  }

  package func delete(
    _ type: ResourceType, _ key: ObjectKey, onlyIf preconditions: DeletePreconditions?, propagation: DeletePropagation
  ) async throws(KubernetesError) {
    var options: JSONValue = [
      "apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": .string(propagation.rawValue),
    ]
    if let preconditions {
      var json: [String: JSONValue] = ["uid": .string(preconditions.uid)]
      json["resourceVersion"] = preconditions.resourceVersion.map { .string($0) }
      options["preconditions"] = .object(json)
    }
    do {
      // The answer is the object while finalizers or pods keep it, else a Status of success: neither matters.
      _ = try await send(APIRequest(method: .DELETE, path: type.path(to: key), body: options))
    } catch  where error.isNotFound {
      return
    }
  }

  private func apply(
    _ object: KubernetesObject, as type: ResourceType, fieldManager: String, subresource: String?
  ) async throws(KubernetesError) -> KubernetesObject {
    // apiVersion and kind are required in an apply; managedFields, which `object` leaves out, is refused.
    let content = type.object(object.content).content
    let request = APIRequest(
      method: .PATCH, path: type.path(to: object.key, subresource: subresource),
      query: [("fieldManager", fieldManager), ("force", "true")],
      // JSON is YAML, and `apply-patch+json` does not exist before 1.32.
      body: content, contentType: "application/apply-patch+yaml")
    return type.object(try await send(request))
  }
}

extension ResourceType {
  func path(to key: ObjectKey, subresource: String? = nil) -> String {
    precondition(!key.name.isEmpty, "a \(kind) without a name cannot be addressed")
    return path(namespace: key.namespace, name: key.name, subresource: subresource)
  }

  /// An object as it is read, with apiVersion and kind, which the items of a list lack.
  func object(_ content: JSONValue) -> KubernetesObject {
    var content = content
    if content["apiVersion"]?.string == nil { content["apiVersion"] = .string(apiVersion) }
    if content["kind"]?.string == nil { content["kind"] = .string(kind) }
    return KubernetesObject(received: content)
  }
}
