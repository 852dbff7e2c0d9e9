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

    /// Bytes at which varints and text change their kind.
    private static let edges: [UInt8] = [0, 1, 0x7f, 0x80, 0xff]

    private func mutate(_ bytes: inout [UInt8], with generator: inout SeededGenerator) {
        for _ in 0..<Int.random(in: 1...3, using: &generator) {
            let index = Int.random(in: 0...bytes.count, using: &generator)
            let end = min(index + Int.random(in: 1...8, using: &generator), bytes.count)
            switch Int.random(in: 0..<8, using: &generator) {
            case 0: bytes.insert(UInt8.random(in: .min ... .max, using: &generator), at: index)
            case 1: bytes.removeSubrange(index..<end)
            case 2: bytes.insert(contentsOf: bytes[index..<end], at: index)
            case 3: bytes.replaceSubrange(index..<end, with: Self.edges.shuffled(using: &generator).prefix(1))
            default:
                for index in index..<end { bytes[index] ^= 1 << UInt8.random(in: 0..<8, using: &generator) }
            }
        }
    }

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
            mutate(&bytes, with: &generator)
            try attempt { _ = try RPCRequest(wire: bytes, arena: arena) }
            try attempt {
                let response = try RPCResponse(wire: bytes, arena: arena)
                // What was read can be written, and what was written can be read.
                _ = try RPCResponse(wire: response.encoded())
            }
            var body = goldenCases[round % goldenCases.count].bytes
            mutate(&body, with: &generator)
            let codec = Self.bodies[round / goldenCases.count % Self.bodies.count]
            try attempt { _ = try codec(body, arena) }
        }
        #expect(read > 50_000)
        #expect(refused > 50_000)
    }
}
