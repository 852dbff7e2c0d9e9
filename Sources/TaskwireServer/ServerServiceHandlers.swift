internal import Taskwire
internal import TaskwireProtobuf

/// What a server tells about itself.
struct ServerReporter: Sendable {
    let info: ServerInfo
    let stats: @Sendable () async throws -> ServerStats

    init(info: ServerInfo, stats: @escaping @Sendable () async throws -> ServerStats) {
        self.info = info
        self.stats = stats
    }
}

/// The methods of `ServerService`.
enum ServerServiceHandlers {
    static func handlers(_ reporter: ServerReporter, _ backups: BackupTable) -> [String: Handler] {
        [
            "Ping": Handler(.read) { (_: EmptyRequest, _) in PingReply(time: .now) },
            "GetServerInfo": Handler(.read) { (_: EmptyRequest, _) in reporter.info },
            "GetStats": Handler(.read) { (_: EmptyRequest, _) in try await reporter.stats() },
            "GetDescriptors": Handler(.read) { (_: EmptyRequest, _) in
                DescriptorsReply(fileDescriptorSet: ServiceDescriptor.fileDescriptorSet)
            },
            "StartBackup": Handler(.wait) { (_: EmptyRequest, _) in try await backups.start() },
            "ReadBackup": Handler(.read) { (request: ReadBackupRequest, _) in
                try await backups.read(request)
            },
            "EndBackup": Handler(.read) { (request: EndBackupRequest, _) in
                backups.end(request)
                return EndBackupReply()
            },
        ]
    }
}
