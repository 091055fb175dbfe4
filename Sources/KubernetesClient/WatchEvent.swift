/// One event of a watch.
package enum WatchEvent: Sendable, Hashable {
  case added(KubernetesObject)
  case modified(KubernetesObject)
  case deleted(KubernetesObject)
  /// Everything up to this resource version has been sent, though nothing that we watch changed.
  case bookmark(resourceVersion: String)
  /// Of a streamed list: every object of it has been sent, as of this resource version.
  case listed(resourceVersion: String)
  /// The server gives up on this watch; 410 says that its resource version is too old.
  case error(APIStatus)
}

extension WatchEvent {
  /// Reads `{"type": …, "object": …}`. Objects of a watch carry their apiVersion and kind themselves.
  init(_ json: JSONValue) throws(KubernetesError) {
    guard let type = json["type"]?.string, let object = json["object"], object.object != nil else {
      throw .malformed("a watch event without type and object")
    }
    switch type {
    case "ADDED": self = .added(try Self.versioned(object, type))
    case "MODIFIED": self = .modified(try Self.versioned(object, type))
    case "DELETED": self = .deleted(try Self.versioned(object, type))
    case "BOOKMARK":
      let bookmark = try Self.versioned(object, type)
      let isEnd = bookmark.annotations[Self.endOfList] == "true"
      self =
        isEnd
        ? .listed(resourceVersion: bookmark.resourceVersion) : .bookmark(resourceVersion: bookmark.resourceVersion)
    case "ERROR":
      self = .error(APIStatus(object, httpStatus: object["code"]?.integer.flatMap(Int.init(exactly:)) ?? 500))
    default: throw .malformed("a watch event of the unknown type \(type)")
    }
  }

  private static let endOfList = "k8s.io/initial-events-end"

  private static func versioned(_ json: JSONValue, _ type: String) throws(KubernetesError) -> KubernetesObject {
    let object = KubernetesObject(received: json)
    guard !object.resourceVersion.isEmpty else {
      throw .malformed("a watch event \(type) whose object has no resourceVersion")
    }
    return object
  }
}
