/// The messages that wait to be sent on a connection, and the bytes that are being sent, in order.
///
/// Small messages are copied into one buffer, so that one write sends them all. A large one is sent from where it lies.
@safe struct OutputQueue: ~Copyable {
    private enum Segment {
        case bytes(BufferBox)
        case message(Message)
    }

    /// A buffer that an array can hold.
    private final class BufferBox {
        var buffer: ByteBuffer
        init(_ buffer: consuming ByteBuffer) { self.buffer = buffer }
    }

    /// The segments before ``tail``.
    private var segments: [Segment] = []
    private var firstSegment = 0
    /// Small messages that were added last.
    private var tail = ByteBuffer()
    /// The bytes that are being sent, unless ``message`` is.
    private var sending = ByteBuffer()
    /// A large message that is being sent.
    private var message: Message?
    /// Bytes of ``message`` that have left.
    private var sentByteCount = 0

    /// Messages from that size on are not copied.
    static let largeMessageSize = 64 << 10
    /// A buffer that is empty keeps no more than this.
    private static let keptSize = 64 << 10

    init() {}

    /// True if nothing waits to be sent.
    var isEmpty: Bool { firstSegment == segments.count && tail.isEmpty }

    /// Bytes of small messages that wait behind everything else.
    var tailByteCount: Int { tail.count }

    /// Adds bytes.
    mutating func append(_ bytes: [UInt8]) {
        tail.reserve(bytes.count)
        unsafe tail.free.copyBytes(from: bytes)
        tail.append(bytes.count)
    }

    /// Adds messages that are framed already, and leaves `buffer` empty.
    mutating func append(_ buffer: inout ByteBuffer) {
        guard !tail.isEmpty else { return swap(&tail, &buffer) }
        tail.reserve(buffer.count)
        unsafe tail.free.copyMemory(from: buffer.bytes)
        tail.append(buffer.count)
        buffer.remove(buffer.count)
    }

    /// Adds a message of `byteCount` bytes, which `write` fills in.
    /// - Returns: The bytes that it takes, its head included.
    mutating func append(
        _ header: SPHeader,
        byteCount: Int,
        _ writer: SPFrameWriter,
        _ write: (UnsafeMutableRawBufferPointer) -> Void
    ) -> Int {
        let headByteCount = writer.headByteCount(header)
        tail.reserve(headByteCount + byteCount)
        let free = unsafe tail.free
        var head = unsafe MutableRawSpan(_unsafeBytes: free)
        writer.writeHead(header, bodyByteCount: byteCount, to: &head)
        unsafe write(UnsafeMutableRawBufferPointer(rebasing: free[headByteCount..<headByteCount + byteCount]))
        tail.append(headByteCount + byteCount)
        return headByteCount + byteCount
    }

    /// Adds a message, whose bytes belong to the queue from now on.
    /// - Returns: The bytes that it takes, its head included.
    mutating func append(_ header: SPHeader, _ message: Message, _ writer: SPFrameWriter) -> Int {
        let bodyByteCount = message.count
        guard bodyByteCount >= Self.largeMessageSize else {
            defer { message.discard() }
            return unsafe append(header, byteCount: bodyByteCount, writer) { body in
                unsafe message.withUnsafeBytes { unsafe body.copyMemory(from: $0) }
            }
        }
        let headByteCount = writer.headByteCount(header)
        tail.reserve(headByteCount)
        var head = unsafe MutableRawSpan(_unsafeBytes: tail.free)
        writer.writeHead(header, bodyByteCount: bodyByteCount, to: &head)
        tail.append(headByteCount)
        let box = BufferBox(ByteBuffer())
        swap(&box.buffer, &tail)
        segments.append(.bytes(box))
        segments.append(.message(message))
        return headByteCount + bodyByteCount
    }

    /// Begins to send what is first. To be called only when nothing is being sent.
    mutating func beginSending() {
        guard firstSegment < segments.count else { return swap(&tail, &sending) }
        switch segments[firstSegment] {
        case .bytes(let box): swap(&box.buffer, &sending)
        case .message(let large): message = large
        }
        firstSegment += 1
        if firstSegment == segments.count {
            segments = []
            firstSegment = 0
        }
    }

    /// Calls `body` with what is being sent, which stays where it is until ``remove(_:)``.
    func withSending<Output>(_ body: (UnsafeRawBufferPointer) -> Output) -> Output {
        guard let message else { return unsafe body(sending.bytes) }
        return unsafe message.withUnsafeBytes {
            unsafe body(UnsafeRawBufferPointer(rebasing: $0[sentByteCount...]))
        }
    }

    /// So many bytes of what is being sent have left.
    /// - Returns: Whether that was all.
    mutating func remove(_ byteCount: Int) -> Bool {
        guard let message else {
            sending.remove(byteCount)
            sending.shrink(above: Self.keptSize)
            return sending.isEmpty
        }
        sentByteCount += byteCount
        guard sentByteCount == message.count else { return false }
        message.discard()
        self.message = nil
        sentByteCount = 0
        return true
    }

    /// Gives memory back that is not used.
    mutating func shrink() {
        tail.shrink(above: 0)
        sending.shrink(above: 0)
    }
}
