/// Reads settings as what they must be; each method leaves `value` as it is when the setting was not given.
struct SettingParser {
  var settings: RawSettings

  func text(_ key: SettingKey, into value: inout String) throws(ConfigurationError) {
    if let text = try text(key) { value = text }
  }

  /// nil when it was not given.
  func text(_ key: SettingKey) throws(ConfigurationError) -> String? {
    guard let raw = settings[key] else { return nil }
    guard !raw.text.isEmpty else { throw error(raw, "the value is empty", "give one, or leave the setting out") }
    return raw.text
  }

  /// Texts that are worth nothing without each other; nil when none was given.
  func together(_ keys: [SettingKey]) throws(ConfigurationError) -> [String]? {
    var texts: [String] = []
    var missing: [SettingKey] = []
    for key in keys {
      if let text = try text(key) { texts.append(text) } else { missing.append(key) }
    }
    guard !texts.isEmpty, !missing.isEmpty else { return texts.isEmpty ? nil : texts }
    let given = keys.first { settings[$0] != nil } ?? keys[0]
    let names = missing.map { "--\($0.rawValue)" }.joined(separator: " and ")
    throw ConfigurationError(
      origin: settings[given]?.origin ?? given.rawValue,
      problem: "\(names) \(missing.count == 1 ? "is" : "are") missing beside it",
      allowed: "give them together, or none of them")
  }

  func name(_ key: SettingKey, into value: inout String) throws(ConfigurationError) {
    guard let raw = settings[key] else { return }
    guard NodeName.isValid(raw.text) else {
      throw error(raw, "\"\(raw.text)\" is no node name", "use \(NodeName.rule)")
    }
    value = raw.text
  }

  func address(_ key: SettingKey, into value: inout HostPort) throws(ConfigurationError) {
    if let address = try address(key) { value = address }
  }

  /// nil when it was not given.
  func address(_ key: SettingKey) throws(ConfigurationError) -> HostPort? {
    guard let raw = settings[key] else { return nil }
    guard let parsed = HostPort(raw.text) else {
      throw error(raw, "\"\(raw.text)\" is no address", "write HOST:PORT, an IPv6 host in brackets")
    }
    return parsed
  }

  /// Separated by commas.
  func addresses(_ key: SettingKey, into value: inout [HostPort]) throws(ConfigurationError) {
    guard let raw = settings[key] else { return }
    var parsed: [HostPort] = []
    for text in raw.text.split(separator: ",", omittingEmptySubsequences: true) {
      guard let address = HostPort(String(text).trimmingSpaces), address.port > 0 else {
        throw error(raw, "\"\(text)\" is no address", "write HOST:PORT,HOST:PORT,…, an IPv6 host in brackets")
      }
      parsed.append(address)
    }
    value = parsed
  }

  func port(_ key: SettingKey, into value: inout Int) throws(ConfigurationError) {
    guard let raw = settings[key] else { return }
    guard let parsed = UInt16(raw.text) else {
      throw error(raw, "\"\(raw.text)\" is no port", "use a number from 1 to 65535, or 0 for any free one")
    }
    value = Int(parsed)
  }

  func bool(_ key: SettingKey, into value: inout Bool) throws(ConfigurationError) {
    guard let raw = settings[key] else { return }
    guard let parsed = Bool(raw.text) else {
      throw error(raw, "\"\(raw.text)\" is neither true nor false", "use true or false")
    }
    value = parsed
  }

  func size(_ key: SettingKey, in range: ClosedRange<Int>, into value: inout Int) throws(ConfigurationError) {
    guard let raw = settings[key] else { return }
    let units: [(suffix: String, bytes: Int)] = [("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("", 1)]
    let allowed = "use \(range.lowerBound) to \(range.upperBound) bytes, as a number or with KiB, MiB or GiB"
    guard let unit = units.first(where: { raw.text.hasSuffix($0.suffix) }),
      let number = Int(raw.text.dropLast(unit.suffix.count))
    else {
      throw error(raw, "\"\(raw.text)\" is no size", allowed)
    }
    let (bytes, overflow) = number.multipliedReportingOverflow(by: unit.bytes)
    guard !overflow, range.contains(bytes) else { throw error(raw, "\(raw.text) is out of range", allowed) }
    value = bytes
  }

  func duration(_ key: SettingKey, into value: inout Duration) throws(ConfigurationError) {
    guard let raw = settings[key] else { return }
    let units: [(suffix: String, milliseconds: Int)] = [
      ("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000),
    ]
    guard let unit = units.first(where: { raw.text.hasSuffix($0.suffix) }),
      let number = Int(raw.text.dropLast(unit.suffix.count)), (0...1_000_000).contains(number)
    else {
      throw error(raw, "\"\(raw.text)\" is no duration", "write a number with ms, s, m, h or d, such as 10s")
    }
    value = .milliseconds(number * unit.milliseconds)
  }

  func choice<Value>(
    _ key: SettingKey, _ choices: [Value], named name: (Value) -> String, into value: inout Value
  ) throws(ConfigurationError) {
    guard let raw = settings[key] else { return }
    guard let chosen = choices.first(where: { name($0) == raw.text.lowercased() }) else {
      throw error(raw, "\"\(raw.text)\" is none of the choices", "use \(choices.map(name).joined(separator: ", "))")
    }
    value = chosen
  }

  private func error(_ raw: RawSettings.Value, _ problem: String, _ allowed: String) -> ConfigurationError {
    ConfigurationError(origin: raw.origin, problem: problem, allowed: allowed)
  }
}

extension String {
  fileprivate var trimmingSpaces: String {
    String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
  }
}
