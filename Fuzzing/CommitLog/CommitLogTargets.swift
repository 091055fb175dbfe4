import FuzzSupport

let commitLogTargets: [FuzzTarget] = [
  .recordBatch, .storeHeader, .logMetadata, .syncMark, .indexEntry, .checkpoint, .storeCursor, .logDirectory,
]
