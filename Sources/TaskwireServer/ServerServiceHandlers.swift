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
    static func handlers(_ reporter: ServerReporter) -> [String: Handler] {
        [
            "Ping": Handler(.read) { (_: EmptyRequest, _) in PingReply(time: .now) },
            "GetServerInfo": Handler(.read) { (_: EmptyRequest, _) in reporter.info },
            "GetStats": Handler(.read) { (_: EmptyRequest, _) in try await reporter.stats() },
            "GetDescriptors": Handler(.read) { (_: EmptyRequest, _) in
                DescriptorsReply(fileDescriptorSet: ServiceDescriptor.fileDescriptorSet)
            },
        ]
    }
}
