import FuzzSupport

let commitLogTargets: [FuzzTarget] = [
  .recordBatch, .storeHeader, .logMetadata, .cutIntent, .syncMark, .indexEntry, .checkpoint, .storeCursor,
  .logDirectory,
]
