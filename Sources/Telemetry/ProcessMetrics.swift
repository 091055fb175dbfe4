import Glibc

/// The process as the kernel sees it, by the names that every Prometheus client uses.
package struct ProcessMetrics: Sendable {
  /// What `/proc/self/stat` tells (proc(5)).
  struct Statistics: Equatable {
    /// User and system time, in clock ticks.
    var cpuTicks: UInt64
    /// After boot, in clock ticks.
    var startTicks: UInt64
    var virtualMemoryBytes: UInt64
    var residentPages: UInt64
    var threads: UInt64

    /// The second field is the command's name in parentheses and may hold spaces and parentheses itself, so fields are
    /// counted after the last one.
    init?(parsing text: String) {
      guard let end = text.lastIndex(of: ")") else { return nil }
      let fields = text[text.index(after: end)...].split(separator: " ")
      // proc(5) numbers from 1, and `fields` starts with number 3.
      func field(_ number: Int) -> UInt64? { fields.count > number - 3 ? UInt64(fields[number - 3]) : nil }
      guard
        let user = field(14), let system = field(15), let threads = field(20), let start = field(22),
        let virtualMemory = field(23), let pages = field(24)
      else { return nil }
      self.cpuTicks = user &+ system
      self.startTicks = start
      self.virtualMemoryBytes = virtualMemory
      self.residentPages = pages
      self.threads = threads
    }
  }

  private static let descriptions: [PrometheusRegistry.Description] = [
    .init("process_cpu_seconds_total", "Total user and system CPU time spent in seconds."),
    .init("process_max_fds", "Maximum number of open file descriptors."),
    .init("process_open_fds", "Number of open file descriptors."),
    .init("process_resident_memory_bytes", "Resident memory size in bytes."),
    .init("process_start_time_seconds", "Start time of the process since unix epoch in seconds."),
    .init("process_threads", "Number of OS threads."),
    .init("process_virtual_memory_bytes", "Virtual memory size in bytes."),
  ]

  /// Reports the process' metrics at every scrape of `registry`. What the kernel does not tell is left out.
  package static func register(with registry: PrometheusRegistry) {
    for description in self.descriptions {
      registry.describe(description)
    }
    registry.onScrape { self.collect(into: &$0) }
  }

  private static func collect(into samples: inout ScrapeSamples) {
    let ticksPerSecond = Double(sysconf(Int32(_SC_CLK_TCK)))
    let pageBytes = Double(sysconf(Int32(_SC_PAGESIZE)))
    if let statistics = self.contents(of: "/proc/self/stat").flatMap(Statistics.init(parsing:)) {
      samples.counter("process_cpu_seconds_total", Double(statistics.cpuTicks) / ticksPerSecond)
      samples.gauge("process_virtual_memory_bytes", Double(statistics.virtualMemoryBytes))
      samples.gauge("process_resident_memory_bytes", Double(statistics.residentPages) * pageBytes)
      samples.gauge("process_threads", Double(statistics.threads))
      if let boot = self.contents(of: "/proc/stat").flatMap(self.bootTime(parsing:)) {
        samples.gauge("process_start_time_seconds", boot + Double(statistics.startTicks) / ticksPerSecond)
      }
    }
    if let count = self.openFileDescriptors() {
      samples.gauge("process_open_fds", Double(count))
    }
    var limit = rlimit()
    if getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 {
      samples.gauge("process_max_fds", Double(limit.rlim_cur))
    }
  }

  /// The `btime` line of `/proc/stat`: seconds since the epoch.
  static func bootTime(parsing text: String) -> Double? {
    let prefix = "btime "
    return text.split(separator: "\n").first { $0.hasPrefix(prefix) }.flatMap { Double($0.dropFirst(prefix.count)) }
  }

  private static func openFileDescriptors() -> Int? {
    guard let directory = opendir("/proc/self/fd") else { return nil }
    defer { closedir(directory) }
    var entries = 0
    while readdir(directory) != nil {
      entries += 1
    }
    // Without `.`, `..` and the directory's own descriptor.
    return entries - 3
  }

  private static func contents(of path: String) -> String? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var contents: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 16 * 1024)
    while true {
      let count = read(descriptor, &chunk, chunk.count)
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { break }
      contents.append(contentsOf: chunk[..<count])
    }
    return String(decoding: contents, as: UTF8.self)
  }
}
