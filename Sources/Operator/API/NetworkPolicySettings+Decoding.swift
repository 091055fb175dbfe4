extension ProgLogSpec.NetworkPolicySettings {
  init(_ reader: SpecReader) throws(InvalidSpec) {
    isEnabled = try reader.bool("enabled") ?? isEnabled
    clients = try reader.passedOn("clients", most: 64)
  }
}
