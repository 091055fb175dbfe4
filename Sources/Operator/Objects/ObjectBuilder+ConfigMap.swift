import KubernetesClient

extension ObjectBuilder {
  /// What logd reads: `logd.yaml` when it starts, the other files again whenever they change.
  func configMap() -> DesiredObject {
    var files = [
      Names.configurationFile: configurationText(),
      Names.addressesFile: addressesText(),
    ]
    if tlsMode != .disabled {
      let access = grantedAccess
      files[Names.aclModelFile] = access.model
      files[Names.aclPolicyFile] = access.policy
    }
    return object(
      .configMap, Names.configMap(name), .configuration,
      annotations: [Names.settingsVersionAnnotation: "\(settingsVersion.rawValue)"],
      body: ["data": .object(files.mapValues { .string($0) })])
  }

  /// `logd.yaml`: its keys are named as logd's flags. What differs by pod comes from the environment.
  func configurationText() -> String { header + lines }

  /// What the pods' annotation has, so that another one restarts them: of the settings alone, not of what is said about
  /// them, since another version of the operator may say it otherwise.
  var configurationFingerprint: String { Fingerprint(lines).text }

  /// The first line of each file.
  var header: String { "# Written by proglog-operator from ProgLog \(name); changes here are undone.\n" }

  private var lines: String { settings.map { "\($0.key): \($0.value)\n" }.joined() }

  private var settings: [(key: String, value: String)] {
    let headlessHost = "\(Names.headlessService(name)).\(identity.namespace).svc"
    return [
      ("data-dir", Names.dataDirectory),
      ("bind-addr", "0.0.0.0:\(Port.gossip.number)"),
      ("rpc-port", "\(Port.rpc.number)"),
      ("http-port", "\(Port.http.number)"),
      ("ops-port", "\(Port.ops.number)"),
      // Whichever servers run: the headless Service has them all, ready or not.
      ("start-join-addrs", "\(headlessHost):\(Port.gossip.number)"),
      // The operator decides who is a member, and not whoever reaches the gossip port; a restart changes no voter
      // (arcadedb#5275).
      ("membership", "managed"),
    ] + addressSettings + securitySettings + [("log-level", spec.logLevel.rawValue), ("log-format", "json")]
      + logSettings
  }

  private var addressSettings: [(key: String, value: String)] {
    settingsVersion < .second ? [] : [("client-addresses-file", Self.path(Names.addressesFile))]
  }

  private var securitySettings: [(key: String, value: String)] {
    switch tlsMode {
    // Without TLS logd listens on loopback alone unless told that the network is trusted. Rules it does not take
    // either: nobody shows who it is.
    case .disabled: [("allow-plaintext-on-network", "true")]
    // Certificates have the pods' names in theirs and come from the environment.
    case .managed, .secrets:
      [
        ("acl-model-file", Self.path(Names.aclModelFile)), ("acl-policy-file", Self.path(Names.aclPolicyFile)),
      ]
    }
  }

  private var logSettings: [(key: String, value: String)] {
    let sizes = [
      ("max-store-bytes", spec.log.maxStoreBytes), ("max-index-bytes", spec.log.maxIndexBytes),
      ("max-record-bytes", spec.log.maxRecordBytes), ("max-batch-bytes", spec.log.maxBatchBytes),
      ("retention-bytes", spec.log.retentionBytes),
    ]
    let given = sizes.compactMap { key, bytes in bytes.map { (key, "\($0)") } }
    // The one text of the spec that gets here: quoted, so that it can be no further line.
    return given + (spec.log.retentionAge.map { [("retention-age", $0.quotedForYAML)] } ?? [])
  }

  private static func path(_ file: String) -> String { "\(Names.configurationDirectory)/\(file)" }
}

extension String {
  /// As a double-quoted scalar of YAML (1.2 §7.3.1), which reads back as this text whatever is in it.
  var quotedForYAML: String {
    var text = "\"".unicodeScalars
    for scalar in unicodeScalars {
      switch scalar {
      case "\"", "\\": text.append(contentsOf: ["\\", scalar])
      // Controls and what YAML takes for the end of a line: U+0085, U+2028, U+2029.
      case "\u{0}"..."\u{1F}", "\u{7F}"..."\u{9F}", "\u{2028}", "\u{2029}", "\u{FEFF}":
        let digits = String(scalar.value, radix: 16)
        text.append(contentsOf: "\\u\(String(repeating: "0", count: 4 - digits.count))\(digits)".unicodeScalars)
      default: text.append(scalar)
      }
    }
    text.append("\"")
    return String(text)
  }
}
