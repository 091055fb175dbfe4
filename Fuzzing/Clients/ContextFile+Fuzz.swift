import FuzzSupport

@testable import Logctl

extension FuzzTarget {
  /// logctl's configuration file.
  static let contextFile = FuzzTarget(
    "context-file", maximumBytes: 512,
    seeds: {
      [
        "current-context: a\ncontexts:\n  a: {addrs: [b:1, c:2], tls: {ca-file: x, cert-file: y, key-file: z}}\n",
        "contexts:\n  a:\n    addrs: b:1\n    tls:\n      server-name: n\n", "---\n# nothing\n",
      ].map { Array($0.utf8) }
    },
    dictionary: [
      "current-context", "contexts", "addrs", "tls", "ca-file", "cert-file", "key-file", "server-name", ": ", "\n  ",
    ],
    run: { input in
      let text = String(decoding: input, as: UTF8.self)
      let file: ContextFile
      do {
        file = try ContextFile(path: "f", text: text)
      } catch {
        try require("\(error)".hasPrefix("f"), "an error does not name the file: \(error)")
        return false
      }
      try require(file.contexts.allSatisfy { !$0.addrs.isEmpty }, "a context has no address")
      guard let name = file.contexts.first?.name else { return true }
      // What is written in its place chooses that context and nothing else, or is not taken.
      let changed = try? ContextFile(path: "f", text: ContextFile.replacingCurrent(in: text, by: name))
      if let changed, changed.currentName == name {
        try require(changed.contexts == file.contexts, "to choose \(name) changed the contexts")
      }
      return true
    })
}
