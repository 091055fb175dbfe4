import GRPCNIOTransportHTTP2Posix

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// What stands in the files of TLS, or was given in their place, as far as connections have it.
struct TLSMaterial: Sendable, Hashable {
  private var authorities: [UInt8]?
  private var certificate: [UInt8]?
  private var privateKey: [UInt8]?

  /// - Throws: ``ProgLogError/invalidTLS(file:reason:)`` for a file that cannot be read.
  init(reading files: TLSFiles) throws(ProgLogError) {
    self.authorities = try Self.contents(of: files.authorities)
    self.certificate = try Self.contents(of: files.certificate)
    self.privateKey = try Self.contents(of: files.privateKey)
  }

  init(_ contents: TLSContents) {
    self.authorities = contents.authorities.map { Array($0.utf8) }
    self.certificate = contents.certificate.map { Array($0.utf8) }
    self.privateKey = contents.privateKey.map { Array($0.utf8) }
  }

  private static func contents(of file: String?) throws(ProgLogError) -> [UInt8]? {
    guard let file else { return nil }
    do {
      return Array(try Data(contentsOf: URL(filePath: file)))
    } catch {
      let reason = (error as? CocoaError)?.code == .fileReadNoSuchFile ? "there is no such file" : "\(error)"
      throw .invalidTLS(file: file, reason: reason)
    }
  }

  var transportSecurity: HTTP2ClientTransport.Posix.TransportSecurity {
    .tls { tls in
      if let authorities { tls.trustRoots = .certificates([.bytes(authorities, format: .pem)]) }
      if let certificate, let privateKey {
        tls.certificateChain = [.bytes(certificate, format: .pem)]
        tls.privateKey = .bytes(privateKey, format: .pem)
      }
    }
  }
}

extension ClientSecurity {
  /// Reads what is to be read.
  ///
  /// - Throws: ``ProgLogError/invalidTLS(file:reason:)``.
  func material() throws(ProgLogError) -> TLSMaterial? {
    switch self {
    case .plaintext: nil
    case .tls(let files): try TLSMaterial(reading: files)
    case .contents(let contents): TLSMaterial(contents)
    }
  }

  /// The name for the handshake when it was chosen by hand.
  var serverName: String? {
    switch self {
    case .plaintext: nil
    case .tls(let files): files.serverName
    case .contents(let contents): contents.serverName
    }
  }

  /// A transport to one server.
  ///
  /// - Parameter serverName: for the handshake and as the calls' authority, when it is not the target's host.
  /// - Throws: ``ProgLogError/invalidTLS(file:reason:)`` when there are no certificates or keys in them, or they do not match.
  func transport(
    to address: NodeAddress, serverName: String?, material: TLSMaterial?, config: HTTP2ClientTransport.Posix.Config
  ) throws(ProgLogError) -> HTTP2ClientTransport.Posix {
    var config = config
    if self == .plaintext {
      // A name that was looked up here is what the caller knows the server by: servers tell other addresses by other names.
      if let serverName { config.http2.authority = "\(serverName):\(address.port)" }
    } else {
      config.http2.authority = self.serverName ?? serverName ?? config.http2.authority
    }
    do {
      return try HTTP2ClientTransport.Posix(
        target: address.target, transportSecurity: material?.transportSecurity ?? .plaintext, config: config)
    } catch {
      throw .invalidTLS(file: self.sources, reason: ProgLogError.rootCause(of: error))
    }
  }

  /// Where to look for what is wrong.
  private var sources: String {
    switch self {
    case .plaintext: ""
    case .tls(let files):
      [files.authorities, files.certificate, files.privateKey].compactMap { $0 }.joined(separator: ", ")
    case .contents: "what was given as PEM text"
    }
  }
}
