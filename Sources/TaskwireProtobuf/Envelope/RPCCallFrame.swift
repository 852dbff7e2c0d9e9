package import Taskwire

/// The envelope around a request, written without a struct of its own, as ``RPCReplyFrame`` is:
/// `Request { call: Call { method, body, request_id, timeout_ms, token, metadata } }`.
package struct RPCCallFrame: Sendable {
    private let method: [UInt8]
    /// The token and the metadata, encoded.
    private let caller: [UInt8]
    private let requestID: RequestID?
    private let timeoutMilliseconds: Int
    private let bodyByteCount: Int
    private let callByteCount: Int

    private static let callTag: UInt8 = 1 << 3 | 2
    private static let methodTag: UInt8 = 1 << 3 | 2
    private static let bodyTag: UInt8 = 2 << 3 | 2
    private static let requestIDTag: UInt8 = 3 << 3 | 2
    private static let timeoutTag: UInt8 = 4 << 3 | 0

    /// The envelope of a body of so many bytes.
    /// - Parameters:
    ///   - method: The UTF-8 of its full name, at least a byte.
    ///   - caller: The result of ``encodedCaller(token:metadata:)``.
    ///   - timeoutMilliseconds: At least 0.
    package init(
        method: [UInt8],
        bodyByteCount: Int,
        requestID: RequestID?,
        timeoutMilliseconds: Int64,
        caller: [UInt8]
    ) {
        self.method = method
        self.caller = caller
        self.requestID = requestID
        self.timeoutMilliseconds = Int(timeoutMilliseconds)
        self.bodyByteCount = bodyByteCount
        func field(_ byteCount: Int) -> Int {
            byteCount == 0 ? 0 : 1 + Varint.byteCount(byteCount) + byteCount
        }
        callByteCount =
            field(method.count) + field(bodyByteCount) + field(requestID == nil ? 0 : RequestID.byteCount)
            + (timeoutMilliseconds == 0 ? 0 : 1 + Varint.byteCount(Int(timeoutMilliseconds))) + caller.count
    }

    /// The fields of a call that say who calls.
    /// - Throws: INVALID_ARGUMENT / INVALID_FIELD where a text contains a NUL byte.
    package static func encodedCaller(
        token: String,
        metadata: [String: String],
        arena: Arena
    ) throws(TaskwireError) -> [UInt8] {
        guard !token.isEmpty || !metadata.isEmpty else { return [] }
        return try RPCCall(method: "", body: .encoded([]), token: token, metadata: metadata)
            .encoded(arena: arena)
    }

    /// Bytes of the whole message.
    package var byteCount: Int { 1 + Varint.byteCount(callByteCount) + callByteCount }

    /// Writes the message to `message`, which has ``byteCount`` bytes.
    /// - Parameter writeBody: Fills in the body.
    package func write(
        to message: UnsafeMutableRawBufferPointer,
        _ writeBody: (UnsafeMutableRawBufferPointer) -> Void
    ) {
        var offset = 0
        func append(_ byte: UInt8) {
            unsafe message[offset] = byte
            offset += 1
        }
        func append(_ bytes: [UInt8]) {
            unsafe UnsafeMutableRawBufferPointer(rebasing: message[offset...]).copyBytes(from: bytes)
            offset += bytes.count
        }
        append(Self.callTag)
        unsafe Varint.write(callByteCount, to: message, at: &offset)
        append(Self.methodTag)
        unsafe Varint.write(method.count, to: message, at: &offset)
        append(method)
        if bodyByteCount > 0 {
            append(Self.bodyTag)
            unsafe Varint.write(bodyByteCount, to: message, at: &offset)
            unsafe writeBody(
                UnsafeMutableRawBufferPointer(rebasing: message[offset..<offset + bodyByteCount])
            )
            offset += bodyByteCount
        }
        if let requestID {
            append(Self.requestIDTag)
            append(UInt8(RequestID.byteCount))
            unsafe message.storeBytes(of: requestID.high.bigEndian, toByteOffset: offset, as: UInt64.self)
            unsafe message.storeBytes(of: requestID.low.bigEndian, toByteOffset: offset + 8, as: UInt64.self)
            offset += RequestID.byteCount
        }
        if timeoutMilliseconds != 0 {
            append(Self.timeoutTag)
            unsafe Varint.write(timeoutMilliseconds, to: message, at: &offset)
        }
        append(caller)
    }
}
