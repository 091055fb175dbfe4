/// Runs before the handler of a call is made, on its event loop; a status refuses the call, `nil` lets it on. The
/// interceptors of a server run in order, and the first refusal stands.
package typealias RPCInterceptor = @Sendable (RPCCallContext) -> RPCStatus?
