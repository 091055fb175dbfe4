/// What `logd.yaml` may hold. A server does not start on a setting that it does not know, and where `spec.image` names the image
/// it may be older than the operator.
enum SettingsVersion: Int, Comparable {
  /// Of 0.1.0.
  case first = 1
  /// Of 0.2.0: `client-addresses-file`.
  case second = 2

  static let current = Self.second

  /// Of the release that an image's tag names, such as `registry:5000/proglog/logd:0.1.0`; nil where it names none.
  init?(image: String) {
    let name = image.prefix { $0 != "@" }.split(separator: "/").last ?? ""
    guard let colon = name.firstIndex(of: ":") else { return nil }
    let release = name[name.index(after: colon)...].drop { $0 == "v" }.prefix { $0 != "-" && $0 != "+" }
    let numbers = release.split(separator: ".", omittingEmptySubsequences: false).map { Int($0) }
    guard numbers.count >= 2, let major = numbers[0], let minor = numbers[1] else { return nil }
    self = (major, minor) < (0, 2) ? .first : .second
  }

  static func < (one: Self, other: Self) -> Bool { one.rawValue < other.rawValue }
}
