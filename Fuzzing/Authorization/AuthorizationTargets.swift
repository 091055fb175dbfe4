import FuzzSupport

let authorizationTargets: [FuzzTarget] = [.accessModel, .accessPolicy, .accessCSV]
