/// Why the bytes of a peer cannot be read on: there is no telling where its next message begins, or it is no peer at all.
package enum SPFault: Error, Hashable, Sendable {
    /// The first bytes are no greeting of the scalability protocols.
    case notSP
    /// The peer speaks another protocol than the other half of ours; its number.
    case wrongProtocol(UInt16)
    /// A message on a Unix-domain socket begins with another byte than 0x01.
    case unknownFrameType(UInt8)
    /// A message ends before the number of its request.
    case noRequestID
    /// A message announces so many bytes that it is not even skipped, and nothing is known of it to answer with.
    case endlessMessage(UInt64)
}

extension SPFault: CustomStringConvertible {
    /// A clause for people, such as "the peer does not speak SP".
    package var description: String {
        switch self {
        case .notSP: "the peer does not speak SP (nng, nanomsg)"
        case .wrongProtocol(let number):
            "the peer's SP protocol is 0x\(String(number, radix: 16)), which is not the other half of request/reply"
        case .unknownFrameType(let byte): "a message begins with the byte \(byte) and not with 1"
        case .noRequestID: "a message ends before the number of its request"
        case .endlessMessage(let byteCount): "a message announces \(byteCount) bytes"
        }
    }
}
