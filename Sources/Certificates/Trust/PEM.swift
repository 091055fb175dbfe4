import SwiftASN1
package import X509

/// Certificates and keys as text (RFC 7468).
package enum PEM {
  /// Bytes of a text. A bundle of a hundred authorities is some 100 KiB.
  package static let maximumBytes = 1 << 20
  /// Certificates in a text.
  static let maximumCertificates = 256

  private static let certificateLabel = "CERTIFICATE"
  private static let keyLabel = "PRIVATE KEY"

  /// All certificates of a text, at least one. Text between them is ignored, as `openssl` writes some.
  package static func certificates(in text: String) throws(PEMError) -> [Certificate] {
    let documents = try documents(in: text, expecting: certificateLabel)
    guard documents.count <= maximumCertificates else {
      throw .tooMany(count: documents.count, limit: maximumCertificates)
    }
    var certificates: [Certificate] = []
    for (index, document) in documents.enumerated() {
      // A key in a file that is handed out to everybody is a mistake to be told, not to be overlooked.
      guard document.discriminator == certificateLabel else {
        throw .unexpected(found: document.discriminator, expected: certificateLabel)
      }
      do { certificates.append(try Certificate(derEncoded: document.derBytes)) } catch {
        throw .certificate(ordinal: index + 1, "\(error)")
      }
    }
    return certificates
  }

  /// The only key of a text.
  package static func privateKey(in text: String) throws(PEMError) -> Certificate.PrivateKey {
    // `openssl ecparam -genkey` writes the curve's parameters before the key.
    let documents = try documents(in: text, expecting: keyLabel).filter { $0.discriminator != "EC PARAMETERS" }
    for document in documents where !document.discriminator.hasSuffix(keyLabel) {
      throw .unexpected(found: document.discriminator, expected: keyLabel)
    }
    guard let document = documents.first else { throw .nothing(expected: keyLabel) }
    guard documents.count == 1 else { throw .severalKeys(documents.count) }
    guard document.discriminator != "ENCRYPTED \(keyLabel)" else { throw .encryptedKey }
    do { return try Certificate.PrivateKey(pemDocument: document) } catch { throw .key("\(error)") }
  }

  /// Bytes of a file as text.
  package static func text(_ bytes: [UInt8]) throws(PEMError) -> String {
    guard bytes.count <= maximumBytes else { throw .tooLong(bytes: bytes.count, limit: maximumBytes) }
    guard let text = String(validating: bytes, as: UTF8.self) else { throw .malformed("it is no text") }
    return text
  }

  private static func documents(in text: String, expecting label: String) throws(PEMError) -> [PEMDocument] {
    guard text.utf8.count <= maximumBytes else { throw .tooLong(bytes: text.utf8.count, limit: maximumBytes) }
    let documents: [PEMDocument]
    do { documents = try PEMDocument.parseMultiple(pemString: text) } catch { throw .malformed("\(error)") }
    // The parser stops without a word at a first line that it does not take, such as one with a blank at its end: a
    // bundle would lose its last authorities.
    let begun = text.split(whereSeparator: \.isNewline).count { $0.hasPrefix("-----BEGIN ") }
    guard begun <= documents.count else {
      throw .malformed("block \(documents.count + 1) is not readable; is there a blank at the end of its first line?")
    }
    guard !documents.isEmpty else { throw .nothing(expected: label) }
    return documents
  }
}

extension PEM {
  static func text(of certificates: [Certificate]) throws(IssuingError) -> String {
    do {
      return try certificates.map { try $0.serializeAsPEM().pemString + "\n" }.joined()
    } catch { throw .failed("\(error)") }
  }

  static func text(of key: Certificate.PrivateKey) throws(IssuingError) -> String {
    do { return try key.serializeAsPEM().pemString + "\n" } catch { throw .failed("\(error)") }
  }
}
