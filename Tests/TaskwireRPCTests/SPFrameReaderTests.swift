import Testing

import TaskwireRPC

/// The frame reader as a value: bytes in, messages out.
@Suite("Frames of the scalability protocols")
struct SPFrameReaderTests {
    private typealias Item = SPFrameReader.Item

    private static func reader(
        _ framing: SPProtocol.Framing,
        peer: SPProtocol.Role = .requester,
        maximumBodySize: Int = 100,
        maximumSkippedSize: Int = 1000
    ) -> SPFrameReader {
        SPFrameReader(
            framing: framing,
            peer: peer,
            maximumBodySize: maximumBodySize,
            maximumSkippedSize: maximumSkippedSize
        )
    }

    /// What the bytes say when they come in pieces of `size`, with bodies instead of places.
    private static func read(
        _ bytes: [UInt8],
        _ reader: SPFrameReader,
        piecesOf size: Int
    ) throws(SPFault) -> [Reading] {
        var reader = reader
        var held: [UInt8] = []
        var readings: [Reading] = []
        for start in stride(from: 0, to: bytes.count, by: size) {
            held += bytes[start..<min(start + size, bytes.count)]
            var offset = 0
            while let item = try reader.next(held.span.bytes, from: &offset) {
                readings.append(Reading(item, in: held))
            }
            held.removeFirst(offset)
        }
        return readings
    }

    private enum Reading: Hashable {
        case greeting
        case message(SPHeader, [UInt8])
        case oversized(SPHeader, UInt64, isSkipped: Bool)

        init(_ item: SPFrameReader.Item, in bytes: [UInt8]) {
            self =
                switch item {
                case .greeting: .greeting
                case .message(let header, let body): .message(header, Array(bytes[body]))
                case .oversized(let header, let count, let isSkipped):
                    .oversized(header, count, isSkipped: isSkipped)
                }
        }
    }

    private static func frame(_ framing: SPProtocol.Framing, _ header: SPHeader, _ body: [UInt8]) -> [UInt8] {
        let writer = SPFrameWriter(framing: framing)
        var bytes = [UInt8](repeating: 0, count: writer.headByteCount(header))
        var span = bytes.mutableSpan
        var output = span.mutableBytes
        writer.writeHead(header, bodyByteCount: body.count, to: &output)
        return bytes + body
    }

    @Test(arguments: [SPProtocol.Framing.ipc, .tcp], [1, 2, 3, 7, 1000])
    func `messages are found however their bytes come`(framing: SPProtocol.Framing, size: Int) throws {
        let plain = SPHeader(requestID: 0x8000_0001)
        let passedOn = SPHeader(hops: [1, 0x7FFF_FFFF], requestID: 0xFFFF_FFFF)
        let bytes =
            SPProtocol.greeting(of: .requester) + Self.frame(framing, plain, [1, 2, 3])
            + Self.frame(framing, passedOn, [])
            + Self.frame(framing, plain, [UInt8](repeating: 9, count: 101))
            + Self.frame(framing, plain, [UInt8](repeating: 8, count: 100))
        let readings = try Self.read(bytes, Self.reader(framing), piecesOf: size)
        #expect(
            readings == [
                .greeting, .message(plain, [1, 2, 3]), .message(passedOn, []),
                .oversized(plain, 101, isSkipped: true),
                .message(plain, [UInt8](repeating: 8, count: 100)),
            ]
        )
    }

    /// The bytes of nng 1.5.2; `StockPeerTests` compares them with those that it sends.
    @Test
    func `the bytes of a frame`() {
        let header = SPHeader(hops: [5], requestID: 0x8000_0002)
        #expect(
            Self.frame(.ipc, header, [7]) == [1, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 5, 0x80, 0, 0, 2, 7]
        )
        #expect(Self.frame(.tcp, header, [7]) == [0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 5, 0x80, 0, 0, 2, 7])
        #expect(SPProtocol.greeting(of: .requester) == [0, 0x53, 0x50, 0, 0, 0x30, 0, 0])
        #expect(SPProtocol.greeting(of: .replier) == [0, 0x53, 0x50, 0, 0, 0x31, 0, 0])
    }

    private static let faults: [([UInt8], SPFault)] = [
        ([0x47, 0x45, 0x54, 0x20, 0x2F, 0x20, 0x48, 0x54], .notSP),
        ([0, 0x53, 0x50, 1, 0, 0x30, 0, 0], .notSP),
        ([0, 0x53, 0x50, 0, 0, 0x31, 0, 0], .wrongProtocol(0x31)),
        ([0, 0x53, 0x50, 0, 0, 0x30, 0, 0, 2], .unknownFrameType(2)),
        ([0, 0x53, 0x50, 0, 0, 0x30, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 3], .noRequestID),
        ([0, 0x53, 0x50, 0, 0, 0x30, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0], .endlessMessage(1 << 32)),
        ([0, 0x53, 0x50, 0, 0, 0x30, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 6, 0, 0, 0, 1], .noRequestID),
    ]

    @Test(arguments: faults)
    func `what cannot be read on is a fault, at the first byte that shows it`(bytes: [UInt8], fault: SPFault)
    {
        for size in [1, bytes.count] {
            #expect(throws: fault) { try Self.read(bytes, Self.reader(.ipc), piecesOf: size) }
        }
        #expect(throws: Never.self) {
            try Self.read(Array(bytes.dropLast()), Self.reader(.ipc), piecesOf: 1)
        }
    }

    @Test
    func `a message that passed more than eight devices is dropped, and the next one read`() throws {
        let lost = SPHeader(hops: [UInt32](repeating: 1, count: 8), requestID: 0x8000_0001)
        let far = SPHeader(hops: [UInt32](repeating: 1, count: 7), requestID: 0x8000_0002)
        let bytes =
            SPProtocol.greeting(of: .requester) + Self.frame(.tcp, lost, [1, 2, 3, 4, 5])
            + Self.frame(.tcp, far, [6])
        for size in [1, 5, 1000] {
            let readings = try Self.read(bytes, Self.reader(.tcp), piecesOf: size)
            #expect(readings == [.greeting, .message(far, [6])])
        }
    }

    @Test
    func `a reply has no hops`() throws {
        let header = SPHeader(requestID: 0x8000_0001)
        let bytes =
            SPProtocol.greeting(of: .replier)
            + Self.frame(.tcp, SPHeader(hops: [1], requestID: 0x8000_0009), [])
            + Self.frame(.tcp, header, [1])
        let readings = try Self.read(bytes, Self.reader(.tcp, peer: .replier), piecesOf: 3)
        #expect(readings == [.greeting, .message(header, [1])])
    }

    @Test(arguments: [1001, 1 << 40, .max - 40] as [UInt64])
    func `a message beyond what is skipped is told with its number, and nothing is read after it`(
        byteCount: UInt64
    ) throws {
        var bytes = SPProtocol.greeting(of: .requester)
        bytes += (0..<8).map { UInt8(truncatingIfNeeded: (byteCount &+ 4) >> (56 - 8 * UInt64($0))) }
        bytes += [0x80, 0, 0, 5]
        var reader = Self.reader(.tcp)
        var offset = 0
        let item1 = try reader.next(bytes.span.bytes, from: &offset)
        #expect(item1 == .greeting)
        let header = SPHeader(requestID: 0x8000_0005)
        let item2 = try reader.next(bytes.span.bytes, from: &offset)
        #expect(
            item2
                == .oversized(header, byteCount: byteCount, isSkipped: false)
        )
        #expect(reader.hasEnded)
        let more = bytes + Self.frame(.tcp, header, [1])
        let item3 = try reader.next(more.span.bytes, from: &offset)
        #expect(item3 == nil)
        #expect(offset == more.count)
    }

    @Test
    func `the rest of a message for which there is no memory is skipped`() throws {
        let header = SPHeader(requestID: 0x8000_0001)
        let bytes =
            SPProtocol.greeting(of: .requester) + Self.frame(.ipc, header, [UInt8](repeating: 1, count: 50))
            + Self.frame(.ipc, header, [2])
        var reader = Self.reader(.ipc)
        var offset = 0
        var held = Array(bytes.prefix(40))
        let item4 = try reader.next(held.span.bytes, from: &offset)
        #expect(item4 == .greeting)
        let item5 = try reader.next(held.span.bytes, from: &offset)
        #expect(item5 == nil)
        #expect(reader.neededByteCount == 9 + 4 + 50)
        let item6 = reader.skipMessage(held.span.bytes, from: &offset)
        #expect(
            item6
                == .oversized(header, byteCount: 50, isSkipped: true)
        )
        held = bytes
        let item = try reader.next(held.span.bytes, from: &offset)
        #expect(item.map { Reading($0, in: held) } == .message(header, [2]))
        #expect(offset == bytes.count)
    }
}
