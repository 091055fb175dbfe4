import FuzzSupport

let clientTargets: [FuzzTarget] = [.errorDetails, .nodeAddress, .inputLines, .contextFile]
