internal import TaskwireRPC

extension FuzzTarget {
    private static let maximumBodySize = 64
    private static let maximumSkippedSize = 256

    /// The bytes of a peer. However they are cut into pieces they say the same, what they say is within the limits, and a
    /// message that is written again is what was read.
    ///
    /// The first byte of the input tells the framing, the peer's role, and whether a greeting comes first; the second how
    /// large the pieces are.
    static let frames = FuzzTarget("frames", isRefusal: { $0 is SPFault }) { bytes in
        var input = FuzzInput(bytes)
        let choices = input.byte()
        let framing: SPProtocol.Framing = choices & 1 == 0 ? .ipc : .tcp
        let peer: SPProtocol.Role = choices & 2 == 0 ? .requester : .replier
        let pieceSize = Int(input.byte() % 16) + 1
        let greeting = choices & 4 == 0 ? SPProtocol.greeting(of: peer) : []
        let sent = greeting + Array(input.remainder)
        let reader = SPFrameReader(
            framing: framing,
            peer: peer,
            maximumBodySize: maximumBodySize,
            maximumSkippedSize: maximumSkippedSize
        )
        let whole = Reading(of: sent, by: reader, framing, pieceSize: max(1, sent.count))
        let pieces = Reading(of: sent, by: reader, framing, pieceSize: pieceSize)
        require(whole == pieces, "\(sent) says \(whole), and \(pieces) in pieces of \(pieceSize)")
        if let fault = whole.fault { throw fault }
    }

    /// What bytes say, with messages written again.
    private struct Reading: Equatable {
        var messages: [[UInt8]] = []
        var items = 0
        var fault: SPFault?
        /// True once a message was announced that is not even skipped. Its number may be known by then, or not.
        var hasEnded = false

        init(of sent: [UInt8], by reader: SPFrameReader, _ framing: SPProtocol.Framing, pieceSize: Int) {
            var reader = reader
            var held: [UInt8] = []
            do throws(SPFault) {
                for start in stride(from: 0, to: sent.count, by: pieceSize) {
                    held += sent[start..<min(start + pieceSize, sent.count)]
                    var offset = 0
                    while let item = try reader.next(held.span.bytes, from: &offset) {
                        require(offset <= held.count, "\(offset) bytes of \(held.count) were read")
                        take(item, of: held, framing)
                    }
                    require(
                        reader.neededByteCount <= FuzzTarget.maximumBodySize + 9 + 32,
                        "\(reader.neededByteCount) bytes are asked for"
                    )
                    held.removeFirst(offset)
                }
            } catch {
                if case .endlessMessage = error { hasEnded = true } else { fault = error }
            }
        }

        private mutating func take(
            _ item: SPFrameReader.Item,
            of bytes: [UInt8],
            _ framing: SPProtocol.Framing
        ) {
            items += 1
            switch item {
            case .greeting:
                break
            case .message(let header, let body):
                require(body.count <= FuzzTarget.maximumBodySize, "\(body.count) bytes were taken")
                let writer = SPFrameWriter(framing: framing)
                var head = [UInt8](repeating: 0, count: writer.headByteCount(header))
                var span = head.mutableSpan
                var output = span.mutableBytes
                writer.writeHead(header, bodyByteCount: body.count, to: &output)
                let message = head + bytes[body]
                require(
                    bytes[..<body.upperBound].suffix(message.count).elementsEqual(message),
                    "\(message) was read from \(bytes)"
                )
                messages.append(message)
            case .oversized(_, let byteCount, let isSkipped):
                require(
                    byteCount > UInt64(FuzzTarget.maximumBodySize),
                    "\(byteCount) bytes are no more than allowed"
                )
                require(
                    isSkipped == (byteCount <= UInt64(FuzzTarget.maximumSkippedSize)),
                    "skipped: \(isSkipped)"
                )
                if !isSkipped {
                    items -= 1
                    hasEnded = true
                }
            }
        }
    }
}
