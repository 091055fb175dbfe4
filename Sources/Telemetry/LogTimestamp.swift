import Glibc

/// A point in time as log lines write it.
struct LogTimestamp: Sendable {
  /// Seconds since the epoch.
  let seconds: Int
  /// Of the second, 0 to 999.
  let milliseconds: Int

  static func now() -> LogTimestamp {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return LogTimestamp(seconds: time.tv_sec, milliseconds: time.tv_nsec / 1_000_000)
  }

  /// RFC 3339 in UTC with milliseconds: `2026-01-02T03:04:05.678Z`.
  var rfc3339: String {
    var seconds = time_t(self.seconds)
    var parts = tm()
    gmtime_r(&seconds, &parts)
    func padded(_ value: some BinaryInteger, _ width: Int = 2) -> String {
      let digits = String(value)
      return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
    // tm counts years from 1900 and months from 0.
    let date = "\(padded(parts.tm_year + 1900, 4))-\(padded(parts.tm_mon + 1))-\(padded(parts.tm_mday))"
    let time = "\(padded(parts.tm_hour)):\(padded(parts.tm_min)):\(padded(parts.tm_sec))"
    return "\(date)T\(time).\(padded(self.milliseconds, 3))Z"
  }
}
