import Glibc

/// The functions of OpenSSL that a TLS client needs, from the library that `openssl s_client` uses.
///
/// They are looked up when a test runs, so that a build needs no headers of OpenSSL.
enum OpenSSL {
    typealias Reference = OpaquePointer

    static let clientMethod: @Sendable @convention(c) () -> Reference? = symbol("TLS_client_method")
    static let newContext: @Sendable @convention(c) (Reference?) -> Reference? = symbol("SSL_CTX_new")
    static let newSession: @Sendable @convention(c) (Reference?) -> Reference? = symbol("SSL_new")
    static let freeSession: @Sendable @convention(c) (Reference?) -> Void = symbol("SSL_free")
    /// The session owns both buffers from then on.
    static let setBuffers: @Sendable @convention(c) (Reference?, Reference?, Reference?) -> Void =
        symbol("SSL_set_bio")
    static let connect: @Sendable @convention(c) (Reference?) -> CInt = symbol("SSL_connect")
    static let write: @Sendable @convention(c) (Reference?, UnsafeRawPointer?, CInt) -> CInt =
        symbol("SSL_write")
    static let read: @Sendable @convention(c) (Reference?, UnsafeMutableRawPointer?, CInt) -> CInt =
        symbol("SSL_read")
    static let shutdown: @Sendable @convention(c) (Reference?) -> CInt = symbol("SSL_shutdown")
    static let error: @Sendable @convention(c) (Reference?, CInt) -> CInt = symbol("SSL_get_error")
    static let clearErrors: @Sendable @convention(c) () -> Void = symbol("ERR_clear_error")
    static let memoryMethod: @Sendable @convention(c) () -> Reference? = symbol("BIO_s_mem")
    static let newBuffer: @Sendable @convention(c) (Reference?) -> Reference? = symbol("BIO_new")
    static let writeBuffer: @Sendable @convention(c) (Reference?, UnsafeRawPointer?, CInt) -> CInt =
        symbol("BIO_write")
    static let readBuffer: @Sendable @convention(c) (Reference?, UnsafeMutableRawPointer?, CInt) -> CInt =
        symbol("BIO_read")

    /// What `error` returns when the session waits for bytes of its peer.
    static let wantsRead: CInt = 2

    private nonisolated(unsafe) static let library = dlopen("libssl.so.3", RTLD_NOW | RTLD_LOCAL)

    private static func symbol<Function>(_ name: String) -> Function {
        guard let address = dlsym(library, name) else {
            fatalError("libssl.so.3 has no \(name): install openssl 3")
        }
        return unsafeBitCast(address, to: Function.self)
    }
}
