import Taskwire
import TaskwireProtobuf
import TaskwireTestSupport
import Testing

/// The envelopes that are written by hand have the bytes that protobuf-c writes.
@Suite("Envelope frames")
struct FrameTests {
    private static let sizes = [
        0, 1, 2, 100, 120, 123, 124, 125, 126, 127, 128, 16_000, 16_380, 16_384, 2_097_152,
    ]

    @Test(arguments: sizes)
    func `a reply's frame is the envelope around its body`(size: Int) throws {
        let body = [UInt8](repeating: 0xA5, count: size)
        let expected = try RPCResponse.reply(.success(.encoded(body))).encoded()
        let frame = RPCReplyFrame(bodyByteCount: size)
        #expect(frame.byteCount == expected.count)
        var message = [UInt8](repeating: 0, count: frame.byteCount)
        message.withUnsafeMutableBytes { message in
            let offset = frame.write(to: message)
            UnsafeMutableRawBufferPointer(rebasing: message[offset...]).copyBytes(from: body)
        }
        #expect(message == expected)
    }

    @Test
    func `a call's frame is the envelope around its body`() throws {
        var generator = SeededGenerator(seed: 18)
        for size in Self.sizes {
            for _ in 0..<20 {
                let call = Self.call(bodyOf: size, &generator)
                guard case .encoded(let body) = call.body else { return }
                let expected = try RPCRequest.call(call).encoded()
                let frame = RPCCallFrame(
                    method: Array(call.method.utf8),
                    bodyByteCount: size,
                    requestID: call.requestID,
                    timeoutMilliseconds: call.timeoutMilliseconds,
                    caller: try RPCCallFrame.encodedCaller(
                        token: call.token,
                        metadata: call.metadata,
                        arena: Arena()
                    )
                )
                #expect(frame.byteCount == expected.count)
                var message = [UInt8](repeating: 0, count: frame.byteCount)
                message.withUnsafeMutableBytes { message in
                    frame.write(to: message) { $0.copyBytes(from: body) }
                }
                #expect(message == expected)
            }
        }
    }

    @Test
    func `a token that holds a NUL byte is refused`() {
        #expect(throws: TaskwireError.self) {
            try RPCCallFrame.encodedCaller(token: "a\0b", metadata: [:], arena: Arena())
        }
    }

    private static func call(bodyOf size: Int, _ generator: inout SeededGenerator) -> RPCCall {
        func number(_ range: ClosedRange<Int64>) -> Int64 { .random(in: range, using: &generator) }
        func text(_ longest: Int) -> String {
            String(repeating: "ä\u{1}z", count: Int.random(in: 0...longest / 4, using: &generator))
        }
        // One entry at most: the order of several is not defined.
        let key = text(20)
        return RPCCall(
            method: "m" + text(150),
            body: .encoded((0..<size).map { UInt8(truncatingIfNeeded: $0) }),
            requestID: Bool.random(using: &generator)
                ? RequestID(high: generator.next(), low: generator.next()) : nil,
            timeoutMilliseconds: [0, 1, 127, 128, 30_000, number(0...Int64.max)]
                .randomElement(using: &generator) ?? 0,
            token: text(200),
            metadata: key.isEmpty ? [:] : [key: text(100)]
        )
    }
}
