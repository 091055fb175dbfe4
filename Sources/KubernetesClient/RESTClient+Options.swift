extension RESTClient {
  /// Limits of the client; `defaults` suits a controller.
  package struct Options: Sendable, Hashable {
    package var userAgent = "swift-kubernetes-client"
    /// Whether writes are only tried: the server checks and answers as if, and stores nothing.
    package var isDryRun = false
    /// Whether an informer's first list comes as a watch where the server can do that (WatchList): it saves the server
    /// from building the whole list in memory, at the very moment when everybody relists.
    package var streamsLists = true
    /// From the first byte sent to the last byte received, watches excepted.
    package var requestTimeout = Duration.seconds(30)
    /// How long the server is asked to keep a watch; up to a tenth is taken off so that watches end apart.
    package var watchDuration = Duration.seconds(290)
    /// Without a byte for so long a watch's connection counts as dead. Longer than a watch lasts: bookmarks come about once
    /// a minute, but from old servers (1.20) not for a collection in which nothing changes.
    package var watchIdleTimeout = Duration.seconds(310)
    /// Requests a second on the average, and at once; controller-runtime's numbers. Watches are not counted.
    package var requestsPerSecond = 20.0
    package var burst = 30
    /// Objects in one page of a list.
    package var pageSize = 500
    /// Bytes of one answer. A page of the largest objects that etcd takes (1.5 MiB) is cut off: no sane list has it.
    package var maximumBodyBytes = 64 << 20
    /// Bytes of one event of a watch: the largest object that etcd takes, with room for its JSON form.
    package var maximumEventBytes = 8 << 20
    /// How old a token, certificate or CA from a file may be before the file is read again.
    package var credentialLifetime = Duration.seconds(60)
    /// Connections for requests and for watches.
    package var requestConnections = 16
    package var watchConnections = 256

    package static let defaults = Options()
  }
}
