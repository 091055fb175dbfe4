import FuzzSupport

let commitLogTargets: [FuzzTarget] = [
  .recordBatch, .storeHeader, .logMetadata, .cutIntent, .resetIntent, .voteSlot, .syncMark, .indexEntry, .checkpoint,
  .storeCursor,
  .logDirectory,
]
