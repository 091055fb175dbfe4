/// The version of this tree; raised with every release, see CONTRIBUTING.md.
package enum BuildVersion {
  package static let current = "0.1.0"
}
