internal import Glibc

/// How many files and connections this process may have open.
struct DescriptorLimit {
    /// Open files of the process at most.
    let limit: Int
    /// Connections that there is room for.
    let connectionCount: Int

    /// The open files of the store, its backups, nng and the log.
    private static let reserve = 40

    /// Raises the limit as far as the system allows.
    /// - Throws: ``CommandFailure`` when there is room for no connection.
    static func raise() throws -> DescriptorLimit {
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        var allowed = rlimit()
        guard getrlimit(resource, &allowed) == 0 else {
            return DescriptorLimit(limit: .max, connectionCount: .max)
        }
        if allowed.rlim_cur < allowed.rlim_max {
            var raised = allowed
            raised.rlim_cur = allowed.rlim_max
            if setrlimit(resource, &raised) == 0 { allowed = raised }
        }
        let limit = Int(clamping: allowed.rlim_cur)
        guard limit > reserve else {
            throw CommandFailure(
                "this process may have \(limit) files open, and a server needs more than \(reserve): "
                    + "raise the limit with ulimit -n, or with LimitNOFILE= of its unit"
            )
        }
        return DescriptorLimit(limit: limit, connectionCount: limit - reserve)
    }
}
