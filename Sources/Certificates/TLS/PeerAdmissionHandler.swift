package import NIOCore
import NIOSSL
import NIOTLS

/// Right behind NIOSSL's handler: lets nothing through before it is known who the peer is, and says why a handshake
/// failed.
///
/// Once `TLSUserEvent.handshakeCompleted` has passed it, ``identity`` is the peer's; NIOSSL's own handler has the
/// certificate (`nioSSL_peerCertificate()`) and, unless the session was resumed, the chain that was verified
/// (`nioSSL_peerValidatedCertificateChain()`). What fails is a ``HandshakeFailure`` in `errorCaught`, and closes the channel.
package final class PeerAdmissionHandler: ChannelInboundHandler, RemovableChannelHandler {
  package typealias InboundIn = ByteBuffer

  private enum State {
    case handshaking
    case admitted
    case refused
  }

  /// Time that a handshake may take: three round trips over a bad network, and a busy peer.
  package static let defaultTimeout = TimeAmount.seconds(10)

  private let verification: PeerVerification
  private let timeout: TimeAmount
  private var state = State.handshaking
  private var timer: Scheduled<Void>?
  /// Who the peer is, once the handshake is completed.
  package private(set) var identity: CertificateIdentity?

  init(_ verification: PeerVerification, timeout: TimeAmount) {
    self.verification = verification
    self.timeout = timeout
  }

  package func handlerAdded(context: ChannelHandlerContext) {
    let box = NIOLoopBound((self, context), eventLoop: context.eventLoop)
    timer = context.eventLoop.scheduleTask(in: timeout) {
      let (handler, context) = box.value
      if case .handshaking = handler.state { handler.refuse(.timedOut, context) }
    }
  }

  package func handlerRemoved(context: ChannelHandlerContext) { timer?.cancel() }

  package func channelInactive(context: ChannelHandlerContext) {
    timer?.cancel()
    context.fireChannelInactive()
  }

  package func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if case TLSUserEvent.handshakeCompleted = event, case .handshaking = state {
      do {
        identity = try peer(context)
        state = .admitted
        timer?.cancel()
      } catch {
        refuse(error, context)
        return
      }
    }
    context.fireUserInboundEventTriggered(event)
  }

  package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    // What was on its way when the peer was refused.
    if case .admitted = state { context.fireChannelRead(data) }
  }

  package func errorCaught(context: ChannelHandlerContext, error: any Error) {
    switch state {
    case .handshaking:
      let failure = HandshakeFailure(error) ?? .other("\(error)")
      state = .refused
      timer?.cancel()
      // BoringSSL knows only that our verification failed.
      context.fireErrorCaught(verification.error.map(HandshakeFailure.refused) ?? failure)
    case .admitted:
      // In TLS 1.3 a server looks at the certificate of a client that has finished its handshake.
      if case .refusedByPeer(let alert)? = HandshakeFailure(error) {
        context.fireErrorCaught(HandshakeFailure.refusedByPeer(alert: alert))
      } else {
        context.fireErrorCaught(error)
      }
    case .refused: break
    }
  }

  /// The certificate of a completed handshake, which was verified in it unless the session was resumed.
  private func peer(_ context: ChannelHandlerContext) throws(HandshakeFailure) -> CertificateIdentity {
    guard let certificate = (try? context.pipeline.syncOperations.nioSSL_peerCertificate()) ?? nil else {
      throw .noCertificate
    }
    do { return try verification.identity(of: certificate) } catch { throw .refused(error) }
  }

  private func refuse(_ failure: HandshakeFailure, _ context: ChannelHandlerContext) {
    state = .refused
    timer?.cancel()
    context.fireErrorCaught(failure)
    context.close(promise: nil)
  }
}
