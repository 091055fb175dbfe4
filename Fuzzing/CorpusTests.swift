import Foundation
import FuzzSupport
import Testing

/// The committed corpus, and the seeds, through the same harnesses as under libFuzzer. One after the other: a target has its
/// files in one place, as a fuzzer's process has.
@Suite(.serialized) struct CorpusTests {
  private static let targets =
    commitLogTargets + rpcServerTargets + logdTargets + kubernetesClientTargets + clientTargets + operatorTargets
    + gossipTargets + certificatesTargets + authorizationTargets
  private static let corpus = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Corpus")

  private static func files(of target: String) -> [URL] {
    let folder = corpus.appending(path: target)
    let files = try? FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
    return (files ?? []).sorted { $0.path < $1.path }
  }

  @Test("every file of the corpus passes its harness", .timeLimit(.minutes(5)), arguments: targets.map(\.name))
  func corpusPasses(name: String) throws {
    let target = try #require(Self.targets.first { $0.name == name })
    let files = Self.files(of: name)
    #expect(!files.isEmpty, "Fuzzing/Corpus/\(name) is missing: run hack/fuzz --merge \(name)")
    for file in files {
      do { _ = try target.run([UInt8](try Data(contentsOf: file))) } catch { Issue.record("\(file.path): \(error)") }
    }
  }

  @Test("every seed is accepted", arguments: targets.map(\.name))
  func seedsAreAccepted(name: String) throws {
    let target = try #require(Self.targets.first { $0.name == name })
    let seeds = try target.seeds()
    #expect(!seeds.isEmpty)
    for (number, seed) in seeds.enumerated() {
      #expect(seed.count <= target.maximumBytes, "seed \(number) would be cut off")
      do { #expect(try target.run(seed), "seed \(number) is refused") } catch {
        Issue.record("seed \(number): \(error)")
      }
    }
  }

  @Test("targets have names of their own, and every folder of the corpus is a target's")
  func namesAreUnique() throws {
    let names = Self.targets.map(\.name)
    #expect(Set(names).count == names.count)
    let folders = try FileManager.default.contentsOfDirectory(atPath: Self.corpus.path)
    #expect(Set(folders).isSubset(of: names))
  }
}
