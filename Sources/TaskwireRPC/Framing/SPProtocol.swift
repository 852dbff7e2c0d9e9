/// The constants of the scalability protocols that both ends agree on.
///
/// Sources: the SP mapping for TCP (RFC draft `sp-tcp-mapping-01`), that for Unix-domain sockets (nng's `ipc`), and the
/// request/reply protocol (RFC draft `sp-request-reply-01`).
package enum SPProtocol {
    /// Which end of a request/reply connection an end is.
    package enum Role: UInt16, Sendable {
        /// Sends requests.
        case requester = 0x30
        /// Sends replies.
        case replier = 0x31

        /// The other end.
        package var peer: Role { self == .requester ? .replier : .requester }
    }

    /// The notation of a message's length.
    package enum Framing: Sendable {
        /// A byte 0x01 and a length of 64 bits, over Unix-domain sockets.
        case ipc
        /// A length of 64 bits alone, over TCP and TLS.
        case tcp

        /// Bytes before a message.
        package var prefixByteCount: Int { self == .ipc ? 9 : 8 }
    }

    /// Bytes of the greeting, which both ends send at once.
    package static let greetingByteCount = 8

    /// Bytes of a word of a message's header.
    package static let wordByteCount = 4

    /// The bit that only the last word of a header has: it is the number of the request.
    package static let requestBit: UInt32 = 0x8000_0000

    /// Words of a request's header at most: its number, and a word for each device that passed it on. nng has the same
    /// limit (`NNG_OPT_MAXTTL`).
    package static let maximumHeaderWords = 8

    /// The greeting of an end in `role`.
    package static func greeting(of role: Role) -> [UInt8] {
        [0, 0x53, 0x50, 0, UInt8(role.rawValue >> 8), UInt8(role.rawValue & 0xFF), 0, 0]
    }
}
