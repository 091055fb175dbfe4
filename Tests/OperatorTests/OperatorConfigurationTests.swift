import ArgumentParser
import Logging
import Testing

@testable import Operator

@Suite struct OperatorConfigurationTests {
  @Test("flags win over the environment, which wins over the defaults")
  func precedence() throws {
    let environment = [
      "PROGLOG_OPERATOR_NAMESPACE": "b,a", "PROGLOG_OPERATOR_LOGD_IMAGE": "logd:env",
      "PROGLOG_OPERATOR_OPS_ADDR": "[::1]:9000", "PROGLOG_OPERATOR_LOG_LEVEL": "",
      // Kubernetes sets this one in every pod that is started after a Service proglog-operator.
      "PROGLOG_OPERATOR_PORT": "tcp://10.0.0.1:8081",
    ]
    let flags = try OperatorFlags.parse(["--logd-image", "logd:flag"])
    let configuration = try OperatorConfiguration(flags: flags, environment: environment)
    #expect(configuration.namespaces == ["a", "b"])
    #expect(configuration.logdImage == "logd:flag")
    #expect(configuration.opsAddress == ListenAddress(host: "::1", port: 9000))
    #expect(configuration.logLevel == .info)
  }

  @Test(
    "a value that cannot be is refused with its source and what is allowed",
    arguments: [
      (["--log-level", "loud"], [:], "--log-level is 'loud'; allowed: trace, debug"),
      (["--log-format", "xml"], [:], "--log-format is 'xml'; allowed: auto, text, json"),
      (["--ops-addr", "8081"], [:], "--ops-addr is '8081'; allowed: host:port"),
      (["--ops-addr", "::1:8081"], [:], "--ops-addr is '::1:8081'"),
      (["--namespace", "a", "--namespace", ""], [:], "--namespace is 'a,'"),
      ([], ["PROGLOG_OPERATOR_LOGD_IMAGE": "a b"], "PROGLOG_OPERATOR_LOGD_IMAGE is 'a b'"),
    ] as [([String], [String: String], String)])
  func refusals(arguments: [String], environment: [String: String], message: String) throws {
    let flags = try OperatorFlags.parse(arguments)
    let error = #expect(throws: InvalidSetting.self) {
      try OperatorConfiguration(flags: flags, environment: environment)
    }
    #expect(error?.description.hasPrefix(message) == true, "\(String(describing: error))")
  }
}
