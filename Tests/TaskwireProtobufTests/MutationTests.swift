import Taskwire
import TaskwireProtobuf
import TaskwireTestSupport
import Testing

@Suite struct MutationTests {
    private static let seeds =
        [Envelopes.call, Envelopes.batch, Envelopes.failure, Envelopes.batchReply]
        + goldenCases.map { Wire.field(1, Wire.field(2, $0.bytes)) }

    private static let bodies: [@Sendable ([UInt8], Arena) throws -> [UInt8]] = [
        { try CreateTaskRequest(wire: $0, arena: $1).encoded() },
        { try UpdateTaskRequest(wire: $0, arena: $1).encoded() },
        { try FailTaskRequest(wire: $0, arena: $1).encoded() },
        { try ListTasksRequest(wire: $0, arena: $1).encoded() },
        { try TaskReply(wire: $0, arena: $1).encoded() },
        { try TaskOutcome(wire: $0, arena: $1).encoded() },
        { try TaskPage(wire: $0, arena: $1).encoded() },
        { try TaskState(wire: $0, arena: $1).encoded() },
        { try TaskMessage(wire: $0, arena: $1).encoded() },
        { try ServerInfo(wire: $0, arena: $1).encoded() },
        { try ServerStats(wire: $0, arena: $1).encoded() },
    ]

    @Test("mutated envelopes and bodies are read or refused, never worse")
    func mutations() throws {
        var generator = SeededGenerator(seed: 42)
        let arena = Arena(limit: 1 << 20)
        var (read, refused) = (0, 0)
        func attempt(_ body: () throws -> Void) throws {
            defer { arena.reset() }
            do {
                try body()
                read += 1
            } catch let error as TaskwireError
                where [.invalidArgument, .resourceExhausted].contains(error.code)
            {
                refused += 1
            }
        }
        for round in 0..<100_000 {
            var bytes = Self.seeds[round % Self.seeds.count]
            bytes.mutate(using: &generator)
            try attempt { _ = try RPCRequest(wire: bytes, arena: arena) }
            try attempt {
                let response = try RPCResponse(wire: bytes, arena: arena)
                // What was read can be written, and what was written can be read.
                _ = try RPCResponse(wire: response.encoded())
            }
            var body = goldenCases[round % goldenCases.count].bytes
            body.mutate(using: &generator)
            let codec = Self.bodies[round / goldenCases.count % Self.bodies.count]
            try attempt { _ = try codec(body, arena) }
        }
        #expect(read > 50_000)
        #expect(refused > 50_000)
    }
}
