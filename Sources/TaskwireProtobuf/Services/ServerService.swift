package import Taskwire

/// The methods on the server itself.
package enum ServerService {
    private static let service = "taskwire.v1.ServerService"

    package static let ping = Method<EmptyRequest, PingReply>("Ping", of: service, .read)
    package static let checkHealth = Method<EmptyRequest, HealthReport>(
        "CheckHealth",
        of: service,
        .read,
        for: .anybody
    )
    package static let getServerInfo = Method<EmptyRequest, ServerInfo>("GetServerInfo", of: service, .read)
    package static let getStats = Method<EmptyRequest, ServerStats>(
        "GetStats",
        of: service,
        .read,
        for: .admins
    )
    package static let getDescriptors = Method<EmptyRequest, DescriptorsReply>(
        "GetDescriptors",
        of: service,
        .read
    )
    package static let startBackup = Method<EmptyRequest, StartBackupReply>(
        "StartBackup",
        of: service,
        .wait,
        for: .admins
    )
    // Does not wait, but its replies are too large to share a batch.
    package static let readBackup = Method<ReadBackupRequest, ReadBackupReply>(
        "ReadBackup",
        of: service,
        .wait,
        for: .admins
    )
    package static let endBackup = Method<EndBackupRequest, EndBackupReply>(
        "EndBackup",
        of: service,
        .read,
        for: .admins
    )

    /// All of them, in the order of `Protos/`.
    package static let methods: [any MethodDescription] = [
        ping, checkHealth, getServerInfo, getStats, getDescriptors, startBackup, readBackup, endBackup,
    ]
}
