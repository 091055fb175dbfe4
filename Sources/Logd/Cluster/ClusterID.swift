import CommitLog

/// Names a cluster for as long as it lives.
enum ClusterID {
  static let rule = "1 to \(LogMetadata.maximumClusterIDBytes) letters, digits, hyphens, dots and underscores"

  static func isValid(_ id: String) -> Bool {
    (1...LogMetadata.maximumClusterIDBytes).contains(id.utf8.count) && id.utf8.allSatisfy(NodeName.isAllowed)
  }

  /// 32 hexadecimal digits.
  static func random() -> String {
    LogIncarnation(high: .random(in: 0 ... .max), low: .random(in: 0 ... .max)).hexadecimal
  }
}
