internal import Taskwire
internal import TaskwireProtobuf

/// The Swift types of one method's messages.
struct MethodCodec: Sendable {
    /// The method in the service's description.
    let method: MethodDescriptor
    /// Reads a request, and checks that it survives being written and read again.
    let testRequest: @Sendable (UnsafeRawBufferPointer) throws(TaskwireError) -> Void
    /// Reads a reply, and checks that it survives being written and read again.
    let testReply: @Sendable (UnsafeRawBufferPointer) throws(TaskwireError) -> Void

    /// A codec for every method of the services, in their order.
    static let all: [MethodCodec] = (TaskService.methods + ServerService.methods).map { codec($0) }

    private static func codec<Description: MethodDescription>(_ description: Description) -> MethodCodec {
        guard let method = ServiceDescriptor.method(named: description.fullName) else {
            finding("no service has the method \(description.fullName)")
        }
        return MethodCodec(
            method: method,
            testRequest: test(Description.Request.self),
            testReply: test(Description.Reply.self)
        )
    }

    private typealias Test = @Sendable (UnsafeRawBufferPointer) throws(TaskwireError) -> Void

    private static let arenas = ArenaPool()

    private static func test<Value: MethodMessage>(_ type: Value.Type) -> Test {
        { bytes throws(TaskwireError) in
            let value = try arenas.withArena { arena throws(TaskwireError) in
                try Value(wire: bytes, arena: arena)
            }
            RoundTrip.check(value, arenas: arenas) { bytes, arena throws(TaskwireError) in
                try Value(wire: bytes, arena: arena)
            }
        }
    }
}
