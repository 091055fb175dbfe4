/// Why something cannot be done with an authority's directory.
package enum AuthorityError: Error, Hashable {
  case file(FileError)
  case pem(path: String, PEMError)
  case issuing(path: String, IssuingError)
  /// There is no authority.
  case none(directory: String)
  case exists(directory: String)
  /// The name of a certificate would make a file that means something else.
  case reservedName(String)
  /// The step of a roll does not follow from where it is.
  case wrongStage(RollStage)
  /// Certificates that nobody would believe any more.
  case stillInUse(by: [String])
}

extension AuthorityError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .file(let error): "\(error)"
    case .pem(let path, let error): "\(path): \(error)"
    case .issuing(let path, let error): "\(path): \(error)"
    case .none(let directory): "no authority in \(directory): 'logctl certs init --dir \(directory)' makes one"
    case .exists(let directory):
      """
      \(directory) has an authority already, and nobody would believe its certificates any more if it were replaced: \
      'logctl certs roll start' changes its key without that; --force replaces it all the same
      """
    case .reservedName(let name):
      "'\(name)' cannot be the name of a file: letters, digits and .-_@ are good, and no beginning with 'ca'; see --out"
    case .wrongStage(let stage): "\(stage): \(stage.next)"
    case .stillInUse(let files):
      """
      still signed by the old authority: \(files.joined(separator: ", ")): make them anew with 'logctl certs renew', and \
      bring them to where they are used; --force finishes all the same
      """
    }
  }
}
