internal import Taskwire
internal import TaskwireProtobuf
internal import TaskwireRPC

/// What a server tells about itself.
struct ServerReporter: Sendable {
    let info: ServerInfo
    let stats: @Sendable () async throws -> ServerStats
    let health: @Sendable () async -> HealthReport
}

/// The methods of `ServerService`.
enum ServerServiceHandlers {
    static func all(_ reporter: ServerReporter, _ backups: BackupTable) -> [Handler] {
        [
            Handler(ServerService.ping) { _, _ in PingReply(time: .now) },
            Handler(ServerService.checkHealth, later: { _, _ in await reporter.health() }),
            Handler(ServerService.getServerInfo) { _, _ in reporter.info },
            Handler(ServerService.getStats, later: { _, _ in try await reporter.stats() }),
            Handler(ServerService.getDescriptors) { _, _ in
                DescriptorsReply(fileDescriptorSet: ServiceDescriptor.fileDescriptorSet)
            },
            Handler(
                ServerService.startBackup,
                audit: AuditEvent.backup,
                later: { _, call in
                    try await call.connection.withCancellationOnClose {
                        try await Self.inTime(call.options.deadline) {
                            try await backups.start(for: call.connection)
                        }
                    }
                }
            ),
            Handler(ServerService.readBackup, later: { request, _ in try await backups.read(request) }),
            Handler(ServerService.endBackup) { request, _ in
                backups.end(request)
                return EndBackupReply()
            },
        ]
    }

    /// Runs `work`, which is cancelled at the deadline: its caller does not wait any longer.
    /// - Throws: DEADLINE_EXCEEDED, and what `work` throws.
    private static func inTime<Value: Sendable>(
        _ deadline: ContinuousClock.Instant?,
        _ work: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        guard let deadline else { return try await work() }
        return try await withThrowingTaskGroup(of: Value.self) { group in
            defer { group.cancelAll() }
            group.addTask { try await work() }
            group.addTask {
                try await Task.sleep(until: deadline, clock: .continuous)
                throw TaskwireError(.deadlineExceeded, .deadlineExceeded, "The call's time was over first")
            }
            guard let value = try await group.next() else { throw CancellationError() }
            return value
        }
    }
}
