/// The version of all programs of this tree. The charts' `appVersion` is raised with it.
package enum BuildVersion {
  package static let current = "0.2.0"
}
