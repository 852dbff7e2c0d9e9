import Testing

/// What an attacker does with each of its connections.
enum AttackKind: String, CaseIterable, Sendable, CustomTestStringConvertible {
    case connectAndClose = "connect and close"
    case helloAndClose = "hello and close"
    case halfHello = "half a hello"
    case helloOfServer = "the hello of a server"
    case oneRequestAndClose = "a request and close"
    case fiveRequestsAndClose = "5 requests and close"
    case fiftyRequestsAndClose = "50 requests and close"
    case oneRequestAndReset = "a request and reset"
    case fiveRequestsAndReset = "5 requests and reset"
    case fiftyRequestsAndReset = "50 requests and reset"
    case endlessHeader = "a header of 2^64-40"
    case cutMessage = "a message cut at every offset"
    case noise = "random bytes"
    case cutHandshake = "a TLS handshake cut at every offset"
    case wrongHandshake = "a TLS handshake with a wrong byte"
    case leftHandshake = "a TLS handshake that is left"

    /// The transports that it can be done on.
    var transports: [Transport] {
        switch self {
        case .oneRequestAndReset, .fiveRequestsAndReset, .fiftyRequestsAndReset: [.tcp, .tls]
        case .cutHandshake, .wrongHandshake, .leftHandshake: [.tls]
        default: Transport.allCases
        }
    }

    var testDescription: String { rawValue }
}
