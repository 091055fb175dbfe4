import FuzzSupport

let rpcServerTargets: [FuzzTarget] = [
  .messageFramer, .gzip, .percentEncoding, .base64, .timeoutHeader, .requestHead, .http2Bytes, .http2Frames,
]
