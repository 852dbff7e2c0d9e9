import Taskwire
import TaskwireProtobuf
import Testing

@Suite struct GoldenTests {
    @Test("protoc's bytes are read and written", arguments: goldenCases)
    func golden(_ golden: GoldenCase) throws {
        try golden.verify()
    }

    @Test("no strict prefix crashes, and one that cuts a field is refused", arguments: goldenCases)
    func truncated(_ golden: GoldenCase) throws {
        let boundaries = fieldBoundaries(of: golden.bytes)
        for count in 0..<golden.bytes.count {
            let prefix = Array(golden.bytes[..<count])
            let isCut = !boundaries.contains(count)
            do {
                try golden.read(prefix)
                #expect(!isCut, "read a prefix of \(count) bytes")
            } catch let error as TaskwireError {
                #expect(error.code == .invalidArgument)
                if isCut { #expect(error.reason == .malformedMessage, "\(error)") }
            }
        }
    }

    /// Where the fields of a message begin or end.
    private func fieldBoundaries(of bytes: [UInt8]) -> Set<Int> {
        var boundaries: Set<Int> = [0]
        var fields = WireFields(bytes)
        while fields.next() != nil { boundaries.insert(fields.offset) }
        return boundaries
    }

    @Test("doubles that are not finite are carried", arguments: [Double.nan, .infinity, -.infinity])
    func notFinite(_ number: Double) throws {
        let bytes = try TaskProgress(current: number, total: number).encoded()
        let progress = try TaskProgress(wire: bytes)
        #expect(progress.current.bitPattern == number.bitPattern)
        #expect(progress.total?.bitPattern == number.bitPattern)
    }

    @Test func encodingNeedsExactlyThePromisedBytes() throws {
        let arena = Arena()
        let message = try TaskReply(task: Samples.task).prepared(in: arena)
        var buffer = [UInt8](repeating: 0xaa, count: message.byteCount + 1)
        buffer.withUnsafeMutableBytes { buffer in
            message.pack(into: UnsafeMutableRawBufferPointer(rebasing: buffer.dropLast()))
        }
        #expect(buffer.last == 0xaa)
        #expect(try TaskReply(wire: Array(buffer.dropLast())) == TaskReply(task: Samples.task))
    }
}
