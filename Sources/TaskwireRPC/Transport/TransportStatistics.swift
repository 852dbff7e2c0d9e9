internal import CNNG

/// What nng counts, as far as this module looks at it.
struct TransportStatistics {
    /// The errors of each listener that nng has no better name for, by the listener's number.
    private(set) var listenerErrors: [UInt32: UInt64] = [:]
    /// What each connection carried, by the connection's number. In-process ones count nothing.
    private(set) var traffic: [UInt32: Traffic] = [:]

    /// Whole messages that a connection carried.
    struct Traffic: Equatable {
        var sent: UInt64
        var received: UInt64
    }

    /// Takes a look; nil when nng has no memory for it. `nng_stat_find_listener` finds the wrong one, so the
    /// tree is walked.
    init?() {
        var root: OpaquePointer?
        guard unsafe nng_stats_get(&root) == 0, let root = unsafe root else { return nil }
        defer { unsafe nng_stats_free(root) }
        var scope = unsafe nng_stat_child(root)
        while let item = unsafe scope {
            switch unsafe String(cString: nng_stat_name(item)) {
            case "listener":
                let values = unsafe Self.values(of: item)
                if let id = values["id"] {
                    listenerErrors[UInt32(truncatingIfNeeded: id)] = values["other"]
                }
            case "pipe":
                let values = unsafe Self.values(of: item)
                if let id = values["id"], let sent = values["tx_msgs"], let received = values["rx_msgs"] {
                    traffic[UInt32(truncatingIfNeeded: id)] = Traffic(sent: sent, received: received)
                }
            default:
                break
            }
            unsafe scope = unsafe nng_stat_next(item)
        }
    }

    private static func values(of scope: OpaquePointer) -> [String: UInt64] {
        var values: [String: UInt64] = [:]
        var child = unsafe nng_stat_child(scope)
        while let item = unsafe child {
            unsafe values[String(cString: nng_stat_name(item))] = unsafe nng_stat_value(item)
            unsafe child = unsafe nng_stat_next(item)
        }
        return values
    }
}
