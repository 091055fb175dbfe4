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
      (["--lease-name", "A B"], [:], "--lease-name is 'A B'; allowed: a name of a-z"),
      ([], ["PROGLOG_OPERATOR_LEASE_NAMESPACE": "x/y"], "PROGLOG_OPERATOR_LEASE_NAMESPACE is 'x/y'"),
      (
        [], ["PROGLOG_OPERATOR_LEADER_ELECT": "maybe"], "PROGLOG_OPERATOR_LEADER_ELECT is 'maybe'; allowed: true, false"
      ),
    ] as [([String], [String: String], String)])
  func refusals(arguments: [String], environment: [String: String], message: String) throws {
    let flags = try OperatorFlags.parse(arguments)
    let error = #expect(throws: InvalidSetting.self) {
      try OperatorConfiguration(flags: flags, environment: environment)
    }
    #expect(error?.description.hasPrefix(message) == true, "\(String(describing: error))")
  }

  @Test(
    "leaders are elected in a pod and not with a kubeconfig, unless it is said",
    arguments: [
      ([], ["KUBERNETES_SERVICE_HOST": "10.0.0.1"], true),
      ([], [:], false),
      ([], ["KUBERNETES_SERVICE_HOST": "10.0.0.1", "KUBECONFIG": "/k"], false),
      (["--kubeconfig", "/k"], ["KUBERNETES_SERVICE_HOST": "10.0.0.1"], false),
      (["--context", "kind"], ["KUBERNETES_SERVICE_HOST": "10.0.0.1"], false),
      (["--kubeconfig", "/k", "--leader-elect"], [:], true),
      (["--no-leader-elect"], ["KUBERNETES_SERVICE_HOST": "10.0.0.1"], false),
      ([], ["KUBERNETES_SERVICE_HOST": "10.0.0.1", "PROGLOG_OPERATOR_LEADER_ELECT": "false"], false),
      (["--leader-elect"], ["PROGLOG_OPERATOR_LEADER_ELECT": "false"], true),
    ] as [([String], [String: String], Bool)])
  func election(arguments: [String], environment: [String: String], isElecting: Bool) throws {
    let configuration = try OperatorConfiguration(flags: OperatorFlags.parse(arguments), environment: environment)
    #expect(configuration.electsLeader(environment) == isElecting)
  }

  @Test("the lease has a name and a namespace of one's choice; each start has another identity")
  func lease() throws {
    #expect(OperatorConfiguration().leaseName == "proglog-operator")
    #expect(OperatorConfiguration().leaseNamespace == nil)
    let flags = try OperatorFlags.parse(["--lease-name", "mine", "--lease-namespace", "prod"])
    let configuration = try OperatorConfiguration(flags: flags, environment: [:])
    #expect(configuration.leaseName == "mine")
    #expect(configuration.leaseNamespace == "prod")
    let identities = (0..<2).map { _ in Election.identity(["HOSTNAME": "operator-7d9f"]) }
    #expect(identities.allSatisfy { $0.hasPrefix("operator-7d9f_") })
    #expect(identities[0] != identities[1])
  }
}
