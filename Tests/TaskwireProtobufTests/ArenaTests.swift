import Taskwire
import TaskwireProtobuf
import TaskwireTestSupport
import Testing

@Suite struct ArenaTests {
    /// Bytes that take many times their number when they are unpacked.
    private static let amplifiers = [
        "empty calls": Wire.field(2, (0..<200_000).flatMap { _ in Wire.field(1, []) }),
        "unknown fields": (0..<500_000).flatMap { _ in Wire.number(15, 0) },
    ]

    private static let tooLarge = TaskwireError(
        .invalidArgument,
        .tooLarge,
        "decoding takes more than 16777216 bytes of memory"
    )

    @Test("messages that grow when they are unpacked are refused", arguments: amplifiers.keys.sorted())
    func amplification(_ name: String) throws {
        let bytes = try #require(Self.amplifiers[name])
        let arena = Arena()
        #expect(throws: Self.tooLarge) { try RPCRequest(wire: bytes, arena: arena) }
        #expect(arena.isExhausted)
        arena.reset()
        #expect(!arena.isExhausted)
        #expect(try GetTaskRequest(wire: Wire.text(1, "t"), arena: arena).taskID == "t")
    }

    @Test("the limit is one of a use, whatever its parts")
    func cumulativeLimit() throws {
        let arena = Arena(limit: 100_000)
        let request = CompleteTaskRequest(
            taskID: "t",
            result: Payload(data: .init(repeating: 7, count: 40_000))
        )
        let bytes = try request.encoded()
        #expect(try CompleteTaskRequest(wire: bytes, arena: arena) == request)
        #expect(try CompleteTaskRequest(wire: bytes, arena: arena) == request)
        #expect(throws: TaskwireError.self) { try CompleteTaskRequest(wire: bytes, arena: arena) }
        arena.reset()
        #expect(try CompleteTaskRequest(wire: bytes, arena: arena) == request)
    }

    @Test("encoding has the same limit")
    func encodingLimit() {
        let request = CompleteTaskRequest(
            taskID: "t",
            result: Payload(data: .init(repeating: 7, count: 40_000))
        )
        let error = TaskwireError(
            .resourceExhausted,
            .tooLarge,
            "encoding takes more than 40000 bytes of memory"
        )
        #expect(throws: error) { try request.encoded(arena: Arena(limit: 40_000)) }
    }

    @Test("no limit is too odd", arguments: [Int.min, -1, 0, 1, 7, 8, 9])
    func oddLimits(_ limit: Int) {
        let arena = Arena(limit: limit)
        #expect(arena.limit >= 0)
        #expect(throws: TaskwireError.self) { try GetTaskRequest(wire: [], arena: arena) }
        #expect(throws: TaskwireError.self) { try GetTaskRequest(taskID: "t").encoded(arena: arena) }
    }

    @Test("every limit short of enough fails cleanly")
    func everyLimit() throws {
        let bytes = try TaskReply(task: Samples.task).encoded()
        var failures = 0
        for limit in stride(from: 0, through: 4096, by: 8) {
            do {
                #expect(try TaskReply(wire: bytes, arena: Arena(limit: limit)).task == Samples.task)
            } catch {
                #expect(error.reason == .tooLarge)
                failures += 1
            }
        }
        #expect(failures > 100)
        #expect(failures < 500)
    }

    @Test("a pool lends one arena to one user, as good as new")
    func pool() throws {
        let pool = ArenaPool(limit: 64, capacity: 1)
        let used = pool.withArena { outer in
            pool.withArena { inner in #expect(outer !== inner) }
            #expect(throws: TaskwireError.self) { try CreateTaskRequest(wire: [], arena: outer) }
            #expect(outer.isExhausted)
            return outer
        }
        pool.withArena { arena in
            #expect(arena.limit == 64)
            #expect(!arena.isExhausted)
        }
        withExtendedLifetime(used) {}
    }
}
