/// Writes what stands before the body of a message.
package struct SPFrameWriter: Sendable {
    package let framing: SPProtocol.Framing

    /// A writer for that framing.
    package init(framing: SPProtocol.Framing) {
        self.framing = framing
    }

    /// Bytes before a body with that header.
    package func headByteCount(_ header: SPHeader) -> Int {
        framing.prefixByteCount + header.byteCount
    }

    /// Writes the prefix of a message and its header to the beginning of `output`, which has at least
    /// ``headByteCount(_:)`` bytes.
    package func writeHead(_ header: SPHeader, bodyByteCount: Int, to output: inout MutableRawSpan) {
        var offset = 0
        if framing == .ipc {
            output.storeBytes(of: 1, toByteOffset: 0, as: UInt8.self)
            offset = 1
        }
        let length = UInt64(header.byteCount + bodyByteCount)
        output.storeBytes(of: length.bigEndian, toByteOffset: offset, as: UInt64.self)
        offset += 8
        for hop in header.hops {
            output.storeBytes(of: hop.bigEndian, toByteOffset: offset, as: UInt32.self)
            offset += SPProtocol.wordByteCount
        }
        output.storeBytes(of: header.requestID.bigEndian, toByteOffset: offset, as: UInt32.self)
    }
}
