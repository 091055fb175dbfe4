extension ProgLogSpec.Monitoring {
  init(_ reader: SpecReader) throws(InvalidSpec) {
    podMonitor = try reader.bool("podMonitor") ?? podMonitor
    podMonitorLabels = try reader.labels("podMonitorLabels")
  }
}
