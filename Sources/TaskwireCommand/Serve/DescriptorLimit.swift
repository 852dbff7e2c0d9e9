internal import Glibc

/// How many files and connections this process may have open.
enum DescriptorLimit {
    /// What everything but connections needs, generously.
    private static let reserve = 256

    /// Raises the limit as far as the system allows, and returns how many connections there is room for.
    static func raise() -> Int {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return .max }
        if limit.rlim_cur < limit.rlim_max {
            var raised = limit
            raised.rlim_cur = limit.rlim_max
            if setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &raised) == 0 { limit = raised }
        }
        return max(1, Int(clamping: limit.rlim_cur) - reserve)
    }
}
