import SwiftASN1
import X509

/// Common names: whom the subject of a certificate is known by.
enum SubjectName {
  /// ub-common-name of RFC 5280 appendix A.1, in characters.
  static let maximumCharacters = 64

  static func validate(_ name: String) throws(IssuingError) {
    guard !name.isEmpty else { throw .invalidName(name, "is empty: a certificate needs a name") }
    guard name.unicodeScalars.count <= maximumCharacters else {
      throw .invalidName(name, "has more than \(maximumCharacters) characters, which X.509 does not allow")
    }
    guard name.unicodeScalars.allSatisfy({ !isControl($0) }), name.first != " ", name.last != " " else {
      throw .invalidName(name, "has control characters, or blanks around it")
    }
  }

  /// - Returns: nil when there is none.
  /// - Throws: when there are several, or what there is cannot be shown to people: one reader would take the first and
  ///   another the last, or only what stands before a NUL.
  static func commonName(of name: DistinguishedName) throws(IdentityError) -> String? {
    let values = name.flatMap { $0 }.filter { $0.type == .RDNAttributeType.commonName }.map(\.value)
    guard values.count <= 1 else { throw .severalCommonNames(values.count) }
    guard let value = values.first else { return nil }
    guard let text = String(value), !text.isEmpty, text.unicodeScalars.allSatisfy({ !isControl($0) }) else {
      throw .unreadableCommonName
    }
    return text
  }

  private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    // Formats are among them: text that runs from right to left makes one name look like another.
    case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .unassigned, .privateUse: true
    default: false
    }
  }
}
