import Synchronization

/// The client's side of a TLS session without a socket: its owner moves the bytes, and can cut, change or drop any of
/// them. It trusts every server.
///
/// `@unchecked`: every method holds the lock, and OpenSSL's session is used nowhere else.
final class TLSSession: @unchecked Sendable {
    /// How far a handshake is.
    enum Progress: Equatable {
        case done
        case waiting
        case failed
    }

    private nonisolated(unsafe) static let context = OpenSSL.newContext(OpenSSL.clientMethod())

    private let lock = Mutex(())
    private let session: OpenSSL.Reference?
    private let input: OpenSSL.Reference?
    private let output: OpenSSL.Reference?

    init() {
        session = OpenSSL.newSession(Self.context)
        input = OpenSSL.newBuffer(OpenSSL.memoryMethod())
        output = OpenSSL.newBuffer(OpenSSL.memoryMethod())
        OpenSSL.setBuffers(session, input, output)
    }

    deinit {
        OpenSSL.freeSession(session)
    }

    /// Continues the handshake with what the peer has sent, and fills the output.
    func advance() -> Progress {
        lock.withLock { _ in
            OpenSSL.clearErrors()
            let result = OpenSSL.connect(session)
            if result == 1 { return .done }
            return OpenSSL.error(session, result) == OpenSSL.wantsRead ? .waiting : .failed
        }
    }

    /// Takes bytes that the peer has sent.
    func receive(_ bytes: ArraySlice<UInt8>) {
        lock.withLock { _ in
            _ = bytes.withUnsafeBytes { OpenSSL.writeBuffer(input, $0.baseAddress, CInt($0.count)) }
        }
    }

    /// Removes and returns the bytes that are for the peer.
    func takeOutput() -> [UInt8] {
        lock.withLock { _ in Self.readAll { OpenSSL.readBuffer(output, $0, $1) }.bytes }
    }

    /// Encrypts bytes into the output, and returns whether the session could.
    func encrypt(_ bytes: [UInt8]) -> Bool {
        guard !bytes.isEmpty else { return true }
        return lock.withLock { _ in
            OpenSSL.clearErrors()
            return bytes.withUnsafeBytes { OpenSSL.write(session, $0.baseAddress, CInt($0.count)) }
                == bytes.count
        }
    }

    /// Removes and returns what the peer's bytes say, and whether the session can go on.
    func decrypt() -> (bytes: [UInt8], isOpen: Bool) {
        lock.withLock { _ in
            OpenSSL.clearErrors()
            let (bytes, result) = Self.readAll { OpenSSL.read(session, $0, $1) }
            return (bytes, OpenSSL.error(session, result) == OpenSSL.wantsRead)
        }
    }

    /// Adds to the output that no more will come.
    func sayGoodbye() {
        lock.withLock { _ in
            OpenSSL.clearErrors()
            _ = OpenSSL.shutdown(session)
        }
    }

    private static func readAll(
        _ read: (UnsafeMutableRawPointer?, CInt) -> CInt
    ) -> (bytes: [UInt8], result: CInt) {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16_384)
        while true {
            let count = buffer.withUnsafeMutableBytes { read($0.baseAddress, CInt($0.count)) }
            guard count > 0 else { return (bytes, count) }
            bytes += buffer[..<Int(count)]
        }
    }
}
