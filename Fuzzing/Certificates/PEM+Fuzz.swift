import FoundationEssentials
import FuzzSupport

@testable import Certificates

extension FuzzTarget {
  /// A file of trusted authorities, or of a key.
  static let pemBundle = FuzzTarget(
    "pem-bundle", maximumBytes: 4096,
    seeds: {
      let authorities = try (0..<2).map { try CertificateAuthority(creating: "CA \($0)", now: seedTime) }
      let texts = try authorities.map { try $0.certificateText() }
      return [
        texts[0], texts[0] + texts[1], "# ours\n" + texts[0].replacing("\n", with: "\r\n") + "\n\n" + texts[1],
        try authorities[0].privateKeyText(),
      ].map { Array($0.utf8) }
    },
    dictionary: [
      "-----BEGIN CERTIFICATE-----\n", "-----END CERTIFICATE-----\n", "-----BEGIN PRIVATE KEY-----\n",
      "-----END PRIVATE KEY-----\n", "-----BEGIN EC PARAMETERS-----\n", "-----BEGIN ", "-----", "\r\n",
    ],
    run: { input in
      guard let text = try? PEM.text(input) else { return false }
      let key = try? PEM.privateKey(in: text)
      if let key {
        try require(try PEM.privateKey(in: PEM.text(of: key)) == key, "a key does not read back")
        try require((try? PEM.certificates(in: text)) == nil, "a key was taken in a bundle")
      }
      guard let bundle = try? TrustBundle(pem: text) else { return key != nil }
      try require(try TrustBundle(pem: bundle.text()) == bundle, "a bundle does not read back")
      try require(Set(bundle.authorities).count == bundle.authorities.count, "an authority is in a bundle twice")
      // Nothing that a person sees as a block is left out unseen.
      let begun = text.split(whereSeparator: \.isNewline).count { $0.hasPrefix("-----BEGIN CERTIFICATE") }
      try require(begun <= (try PEM.certificates(in: text)).count, "\(begun) blocks, of which some were passed over")
      return true
    })

  /// When the seeds were made, so that their dates do not change.
  static let seedTime = Date(timeIntervalSince1970: 1_800_000_000)
}
