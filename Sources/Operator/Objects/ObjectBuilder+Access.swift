extension ObjectBuilder {
  /// What the servers are given. A ConfigMap that is named and not there grants nothing.
  var grantedAccess: AccessFiles {
    if spec.acl.configMap == nil { return AccessFiles(rules: spec.acl.rules, users: spec.users, header: header) }
    return accessFiles ?? AccessFiles(rules: [], users: [], header: header)
  }
}
