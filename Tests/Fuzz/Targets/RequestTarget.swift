internal import Taskwire
internal import TaskwireProtobuf
@testable internal import TaskwireServer

extension FuzzTarget {
    /// The request of a method, which the first byte chooses, as the server's handler reads it.
    static let request = {
        let methods = Array(zip(MethodCodec.all, handlers))
        return FuzzTarget("request") { bytes in
            var input = FuzzInput(bytes)
            let (codec, handler) = methods[Int(input.byte()) % methods.count]
            let body = input.remainder
            let bytes = [UInt8](body)
            let refusal = refusal { () throws(TaskwireError) in try codec.testRequest(body) }
            let handlersRefusal = Self.refusal { () throws(TaskwireError) in
                try arenas.withArena { arena throws(TaskwireError) in
                    _ = try handler.prepare(.encoded(bytes), arena)
                }
            }
            let checksRefusal = Self.refusal { () throws(TaskwireError) in
                try codec.method.checkBody(bytes)
            }
            require(
                refusal == handlersRefusal,
                """
                \(codec.method.fullName) has another type in MethodCodec than in its handler: \
                \(String(describing: refusal)) is not \(String(describing: handlersRefusal))
                """
            )
            require(
                checksRefusal == nil || refusal != nil,
                "\(codec.method.fullName) was read, though it is \(String(describing: checksRefusal))"
            )
            if let refusal { throw refusal }
        }
    }()

    private static let arenas = ArenaPool()

    /// The server's handlers in the order of ``MethodCodec/all``. The process ends where a method has none.
    private static let handlers: [Handler] = {
        let limits = ServerLimits()
        let info = ServerInfo(version: "", storage: "", features: [], limits: limits)
        let backups = BackupTable(clock: SystemTaskClock(), maxChunkBytes: limits.maxMessageBytes) {
            throw CancellationError()
        }
        let tables = [
            TaskServiceHandlers.handlers,
            ServerServiceHandlers.handlers(ServerReporter(info: info) { ServerStats() }, backups),
        ]
        return zip(ServiceDescriptor.all, tables).flatMap { service, table in
            service.methods.map { method in
                guard let handler = table[method.name] else { finding("\(method.fullName) has no handler") }
                return handler
            }
        }
    }()

    /// What `body` throws.
    private static func refusal(_ body: () throws(TaskwireError) -> Void) -> TaskwireError? {
        do throws(TaskwireError) {
            try body()
            return nil
        } catch {
            return error
        }
    }
}
