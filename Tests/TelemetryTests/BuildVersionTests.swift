import Foundation
import Telemetry
import Testing

@Test("the charts install the version of the programs")
func chartVersions() throws {
  let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
  for chart in ["proglog-operator", "proglog"] {
    let text = try String(contentsOf: root.appending(path: "charts/\(chart)/Chart.yaml"), encoding: .utf8)
    #expect(text.contains("\nappVersion: \(BuildVersion.current)\n"), "charts/\(chart)/Chart.yaml")
  }
}
