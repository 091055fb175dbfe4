import FuzzSupport

let logdTargets: [FuzzTarget] = [
  .produceRequest, .consumeRequest, .logResponses, .httpBodies, .configurationFile, .settings,
  .peerGreeting, .peerFrames,
]
