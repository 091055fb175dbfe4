import Authorization
import Certificates
import NIOCore

extension AccessControl {
  /// Whether whoever is at the other end of a connection may do what a request of the HTTP API is for.
  func answer(_ kind: RequestKind, on channel: any Channel) async -> Answer {
    // The connection is there as long as its request; without its handler there is nobody to be known.
    let certificate = try? await channel.eventLoop.submit {
      try channel.pipeline.syncOperations.handler(type: PeerAdmissionHandler.self).identity
    }.get()
    return answer(kind, of: certificate.flatMap { $0 }.flatMap(caller)?.identity, from: channel.remoteAddress)
  }
}
