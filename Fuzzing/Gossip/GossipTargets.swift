import FuzzSupport

let gossipTargets: [FuzzTarget] = [
  .messagePack, .memberlistPacket, .memberlistStream, .serfMessage, .serfState, .serfTags, .lzw, .keyringFile,
  .encryptedGossip, .keyringQuery, .knownPeers,
]
