import FuzzSupport

let certificatesTargets: [FuzzTarget] = [.pemBundle, .certificateIdentity]
