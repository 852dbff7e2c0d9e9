internal import CNNG
internal import Glibc

/// Why the transport could not do what it was asked to do.
package struct TransportError: Error, Hashable, Sendable {
    /// The kind of failure. More kinds may be added, so a `switch` needs a default.
    package struct Code: Hashable, Sendable, CustomStringConvertible {
        /// The name of the kind, for logs.
        package let description: String

        private init(_ description: String) {
            self.description = description
        }

        /// The socket was closed by its owner.
        package static let closed = Code("closed")
        /// The deadline passed first.
        package static let timedOut = Code("timedOut")
        /// The task that waited was cancelled.
        package static let cancelled = Code("cancelled")
        /// The connection was lost.
        package static let connectionReset = Code("connectionReset")
        /// Nobody listens at the address.
        package static let connectionRefused = Code("connectionRefused")
        /// There is no way to a server at the address.
        package static let unreachable = Code("unreachable")
        /// Another server listens at the address.
        package static let addressInUse = Code("addressInUse")
        /// The address is malformed, or cannot be used for this.
        package static let addressInvalid = Code("addressInvalid")
        /// The message is larger than the limit.
        package static let messageTooLarge = Code("messageTooLarge")
        /// The operating system forbids it.
        package static let permissionDenied = Code("permissionDenied")
        /// There is no memory, or no file descriptor, for it.
        package static let outOfMemory = Code("outOfMemory")
        /// Anything else; the message says what.
        package static let other = Code("other")
    }

    /// The kind of failure.
    package let code: Code

    /// A sentence for people, which names the address where there is one.
    package let message: String

    /// Whether the request had been handed to a connection, so that the other end may have acted on it.
    package let mayHaveBeenSent: Bool

    /// Makes an error.
    package init(code: Code, message: String, mayHaveBeenSent: Bool = false) {
        self.code = code
        self.message = message
        self.mayHaveBeenSent = mayHaveBeenSent
    }
}

extension TransportError {
    /// `peer` did not answer before the deadline; `explanation` is a sentence that says why.
    package static func timedOut(
        _ peer: String,
        mayHaveBeenSent: Bool,
        explanation: String? = nil
    ) -> TransportError {
        let sentence = "\(peer) did not answer before the deadline."
        return TransportError(
            code: .timedOut,
            message: explanation.map { "\(sentence) \($0)" } ?? sentence,
            mayHaveBeenSent: mayHaveBeenSent
        )
    }
}

extension TransportError {
    static func unreachable(_ message: String) -> TransportError {
        TransportError(code: .unreachable, message: message)
    }

    static func addressInUse(_ address: Address) -> TransportError {
        TransportError(code: .addressInUse, message: "Another server is already listening on \(address).")
    }
}

extension TransportError: CustomStringConvertible {
    /// The kind and the sentence.
    package var description: String {
        "\(code): \(message)"
    }
}

extension TransportError {
    /// The error for a result of nng; `action` begins the sentence, as in "Connecting to ipc:///run/x.sock".
    init(result: Int32, action: String, mayHaveBeenSent: Bool = false) {
        self.init(
            code: Code(result: result),
            message: unsafe "\(action) failed: \(String(cString: nng_strerror(result))).",
            mayHaveBeenSent: mayHaveBeenSent
        )
    }

    /// The error for a result of nng when it connects. Those of TLS do not tell which end is not trusted.
    init(connectResult result: Int32, address: Address) {
        let action = "Connecting to \(address)"
        switch nng_errno_enum(rawValue: UInt32(bitPattern: result)) {
        case NNG_EPEERAUTH where address.isTLS, NNG_ECRYPTO where address.isTLS,
            NNG_ECONNSHUT where address.isTLS:
            self.init(
                code: .permissionDenied,
                message:
                    "\(action) failed: either this client does not believe the server, whose certificate must "
                    + "come from one of its authorities and have the right name, or the server wants to see "
                    + "another certificate of the client."
            )
        case NNG_EADDRINVAL where address.host != nil:
            // The address itself is valid: nobody knows the name in it.
            self = .unreachable("\(action) failed: the host \"\(address.host ?? "")\" is not known.")
        default:
            self.init(result: result, action: action)
        }
    }

    /// The error for the end of a client's connection to `address`; `wasOpen` tells whether the server had greeted.
    init(_ closure: SPClosure, address: Address, wasOpen: Bool) {
        switch closure {
        case .overdue(.greeting):
            self.init(connectResult: resultCode(NNG_ETIMEDOUT), address: address)
        case .fault(let fault):
            self.init(code: .connectionReset, message: "The connection to \(address) was closed: \(fault).")
        case .lost(let result) where !wasOpen && address.isTLS:
            self.init(connectResult: result, address: address)
        case .lost where !wasOpen:
            self.init(
                code: .connectionReset,
                message: "The connection to \(address) was lost as soon as it was made."
            )
        case .lost, .owner, .overdue, .tooLarge:
            self.init(code: .connectionReset, message: "The connection to \(address) was lost.")
        }
    }

    /// The error for an `errno` of the operating system.
    init(errno number: Int32, action: String) {
        let code: Code =
            switch number {
            case EACCES, EPERM, EROFS: .permissionDenied
            case EADDRINUSE: .addressInUse
            case ENOMEM, ENFILE, EMFILE, ENOSPC: .outOfMemory
            case ENOENT, ENOTDIR, ENAMETOOLONG, ELOOP: .addressInvalid
            default: .other
            }
        self.init(code: code, message: unsafe "\(action) failed: \(String(cString: strerror(number))).")
    }
}

extension TransportError.Code {
    /// The code for a result of nng.
    init(result: Int32) {
        self =
            switch nng_errno_enum(rawValue: UInt32(bitPattern: result)) {
            case NNG_ECLOSED: .closed
            case NNG_ETIMEDOUT: .timedOut
            case NNG_ECANCELED: .cancelled
            case NNG_ECONNRESET, NNG_ECONNABORTED, NNG_ECONNSHUT: .connectionReset
            case NNG_ECONNREFUSED, NNG_ENOENT, NNG_EUNREACHABLE: .connectionRefused
            case NNG_EADDRINUSE: .addressInUse
            case NNG_EADDRINVAL, NNG_EINVAL, NNG_ENOTSUP: .addressInvalid
            case NNG_EMSGSIZE: .messageTooLarge
            case NNG_EPERM, NNG_EPEERAUTH, NNG_ECRYPTO: .permissionDenied
            case NNG_ENOMEM, NNG_ENOFILES, NNG_ENOSPC: .outOfMemory
            default: .other
            }
    }
}

/// An nng result as the number that its functions return.
func resultCode(_ error: nng_errno_enum) -> Int32 {
    Int32(bitPattern: error.rawValue)
}
