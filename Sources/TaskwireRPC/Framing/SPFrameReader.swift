/// Finds the messages in the bytes of a peer: a pure value that needs no socket.
///
/// greeting → prefix → prefix, or → skipping → prefix, or → ended. Nothing leads away from `ended`.
///
/// The length of a message is judged before anything is kept of it: a peer's word costs no memory.
package struct SPFrameReader: Sendable {
    /// The next thing that the bytes say.
    package enum Item: Hashable, Sendable {
        /// The peer's greeting, which is the right one.
        case greeting
        /// A whole message, whose body lies at the given place of the bytes.
        case message(SPHeader, body: Range<Int>)
        /// A message whose body of so many bytes is above the limit. It is skipped when `isSkipped`; otherwise it is so
        /// large that reading goes no further.
        case oversized(SPHeader, byteCount: UInt64, isSkipped: Bool)
    }

    private enum State: Hashable, Sendable {
        case greeting
        case prefix
        case skipping(UInt64)
        case ended
    }

    private let framing: SPProtocol.Framing
    private let peer: SPProtocol.Role
    /// Bytes of the largest body that is taken.
    private let maximumBodySize: Int
    /// Bytes of the largest message that is skipped to get at the next one.
    private let maximumSkippedSize: Int
    private var state = State.greeting
    /// Bytes, from the offset of the last `next` on, that the message which is coming in needs to be whole. 0 where
    /// that is not known, and where nothing has come of it.
    package private(set) var neededByteCount = 0

    package init(
        framing: SPProtocol.Framing,
        peer: SPProtocol.Role,
        maximumBodySize: Int,
        maximumSkippedSize: Int
    ) {
        self.framing = framing
        self.peer = peer
        self.maximumBodySize = maximumBodySize
        self.maximumSkippedSize = maximumSkippedSize
    }

    /// True within a message that is skipped.
    package var isSkipping: Bool {
        if case .skipping = state { true } else { false }
    }

    /// True when reading goes no further.
    package var hasEnded: Bool { state == .ended }

    /// Skips the message that is coming in, of which there is no memory for the rest. To be called when `next` returned
    /// nil with a ``neededByteCount``; the bytes from `offset` on are those that have come.
    /// - Returns: What there is to say about it.
    package mutating func skipMessage(_ bytes: RawSpan, from offset: inout Int) -> Item? {
        guard state == .prefix, neededByteCount > 0 else { return nil }
        let body = neededByteCount - framing.prefixByteCount
        var start = offset + framing.prefixByteCount
        guard case .found(let header)? = try? header(in: bytes, at: start, messageByteCount: UInt64(body))
        else {
            return nil
        }
        start += header.byteCount
        neededByteCount = 0
        state = .skipping(UInt64(body - header.byteCount))
        offset = start
        return .oversized(header, byteCount: UInt64(body - header.byteCount), isSkipped: true)
    }

    /// Returns what the bytes from `offset` on say next, and moves the offset behind it; nil when more have to come.
    /// - Throws: Why the connection is of no use any more.
    package mutating func next(_ bytes: RawSpan, from offset: inout Int) throws(SPFault) -> Item? {
        while true {
            let count = bytes.byteCount - offset
            neededByteCount = 0
            switch state {
            case .ended:
                offset = bytes.byteCount
                return nil
            case .greeting:
                guard count >= SPProtocol.greetingByteCount else { return nil }
                try checkGreeting(bytes, at: offset)
                offset += SPProtocol.greetingByteCount
                state = .prefix
                return .greeting
            case .skipping(let rest):
                guard count > 0 else { return nil }
                let skipped = min(rest, UInt64(count))
                offset += Int(skipped)
                state = skipped == rest ? .prefix : .skipping(rest - skipped)
            case .prefix:
                switch try message(in: bytes, at: offset) {
                case .incomplete(let needed):
                    neededByteCount = needed
                    return nil
                case .dropped(let prefixed, let rest):
                    offset += prefixed
                    state = rest == 0 ? .prefix : .skipping(rest)
                case .item(let item, let prefixed, let rest):
                    offset += prefixed
                    if case .oversized(_, _, isSkipped: false) = item {
                        state = .ended
                    } else if rest > 0 {
                        state = .skipping(rest)
                    }
                    return item
                }
            }
        }
    }

    private func checkGreeting(_ bytes: RawSpan, at offset: Int) throws(SPFault) {
        guard bytes.byte(offset) == 0, bytes.byte(offset + 1) == 0x53, bytes.byte(offset + 2) == 0x50,
            bytes.byte(offset + 3) == 0
        else { throw .notSP }
        let number = UInt16(bytes.byte(offset + 4)) << 8 | UInt16(bytes.byte(offset + 5))
        guard number == peer.rawValue else { throw .wrongProtocol(number) }
    }

    private enum Parse {
        /// More has to come; how many bytes the whole takes, 0 where that is not known.
        case incomplete(needed: Int)
        /// Nothing to tell: so many bytes are done with, and so many more are to be skipped.
        case dropped(consumed: Int, rest: UInt64)
        case item(Item, consumed: Int, rest: UInt64)
    }

    private func message(in bytes: RawSpan, at offset: Int) throws(SPFault) -> Parse {
        let count = bytes.byteCount - offset
        guard count > 0 else { return .incomplete(needed: 0) }
        if framing == .ipc, bytes.byte(offset) != 1 { throw .unknownFrameType(bytes.byte(offset)) }
        let prefix = framing.prefixByteCount
        guard count >= prefix else { return .incomplete(needed: 0) }
        let length = bytes.bigEndian64(offset + prefix - 8)
        switch try header(in: bytes, at: offset + prefix, messageByteCount: length) {
        case .incomplete:
            guard length <= maximumLength else { throw .endlessMessage(length) }
            return .incomplete(needed: 0)
        case .tooManyHops:
            // Not malformed, only lost on its way: nng drops it as well, and goes on.
            guard length <= maximumLength else { throw .endlessMessage(length) }
            return .dropped(consumed: prefix, rest: length)
        case .found(let header):
            let body = length - UInt64(header.byteCount)
            let start = prefix + header.byteCount
            guard body <= UInt64(maximumBodySize) else {
                let isSkipped = body <= UInt64(maximumSkippedSize)
                return .item(
                    .oversized(header, byteCount: body, isSkipped: isSkipped),
                    consumed: start,
                    rest: isSkipped ? body : 0
                )
            }
            let whole = start + Int(body)
            guard count >= whole else { return .incomplete(needed: whole) }
            let range = offset + start..<offset + whole
            return .item(.message(header, body: range), consumed: whole, rest: 0)
        }
    }

    /// The length of the largest message, its header included, that is read to its end.
    private var maximumLength: UInt64 {
        UInt64(maximumSkippedSize + SPProtocol.maximumHeaderWords * SPProtocol.wordByteCount)
    }

    private enum HeaderParse {
        case incomplete
        case tooManyHops
        case found(SPHeader)
    }

    /// Reads the words of a message of `messageByteCount` bytes.
    private func header(
        in bytes: RawSpan,
        at offset: Int,
        messageByteCount: UInt64
    ) throws(SPFault) -> HeaderParse {
        var hops: [UInt32] = []
        // A reply has passed all devices: only its number is left.
        let maximumWords = peer == .requester ? SPProtocol.maximumHeaderWords : 1
        for index in 0..<maximumWords {
            let end = (index + 1) * SPProtocol.wordByteCount
            guard messageByteCount >= UInt64(end) else { throw .noRequestID }
            guard bytes.byteCount - offset >= end else { return .incomplete }
            let word = bytes.bigEndian32(offset + end - SPProtocol.wordByteCount)
            if word & SPProtocol.requestBit != 0 {
                return .found(SPHeader(hops: hops, requestID: word))
            }
            hops.append(word)
        }
        return .tooManyHops
    }
}

extension RawSpan {
    fileprivate func byte(_ offset: Int) -> UInt8 {
        unsafe unsafeLoad(fromByteOffset: offset, as: UInt8.self)
    }

    fileprivate func bigEndian32(_ offset: Int) -> UInt32 {
        UInt32(bigEndian: unsafe unsafeLoadUnaligned(fromByteOffset: offset, as: UInt32.self))
    }

    fileprivate func bigEndian64(_ offset: Int) -> UInt64 {
        UInt64(bigEndian: unsafe unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }
}
