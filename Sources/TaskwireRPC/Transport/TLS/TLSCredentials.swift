internal import CNNG

/// What one end of TLS connections shows of itself, and whom it believes.
///
/// nng 1.5.2 with Mbed TLS speaks TLS 1.2 and compares DNS names, not the IP addresses of a certificate.
///
/// `@unchecked Sendable` is safe: the pointer is set once, in `init`, and nng counts and locks what is behind it.
@safe package final class TLSCredentials: @unchecked Sendable {
    /// The `nng_tls_config`.
    let configuration: OpaquePointer

    private init(mode: nng_tls_mode) throws(TransportError) {
        var configuration: OpaquePointer?
        let result = unsafe nng_tls_config_alloc(&configuration, mode)
        guard result == 0, let configuration = unsafe configuration else {
            throw TransportError(result: result, action: "Preparing TLS")
        }
        unsafe self.configuration = unsafe configuration
    }

    deinit {
        // Sockets that use it hold it themselves.
        unsafe nng_tls_config_free(configuration)
    }

    /// What a server shows, and which clients it lets in.
    /// - Parameters:
    ///   - certificate: Its certificate, followed by those that lead to the authority.
    ///   - key: The certificate's key.
    ///   - authorities: Authorities of which a client must have a certificate; nil lets everybody in.
    /// - Throws: ``TransportError`` that names the file which cannot be used.
    package static func server(
        certificate: PEMFile,
        key: PEMFile,
        authorities: PEMFile?
    ) throws(TransportError) -> TLSCredentials {
        let credentials = try TLSCredentials(mode: NNG_TLS_MODE_SERVER)
        try credentials.show(certificate, key)
        if let authorities {
            try credentials.believe(authorities)
            try unsafe credentials.set(
                nng_tls_config_auth_mode(credentials.configuration, NNG_TLS_AUTH_MODE_REQUIRED),
                "Requiring certificates of clients"
            )
        }
        return credentials
    }

    /// Which server a client talks to, and what it shows.
    /// - Parameters:
    ///   - serverName: The DNS name that the server's certificate must have.
    ///   - authorities: The authorities whose certificates count.
    ///   - identity: The client's certificate, followed by those that lead to its authority, and its key.
    /// - Throws: ``TransportError`` that names the file which cannot be used.
    package static func client(
        serverName: String,
        authorities: PEMFile,
        identity: (certificate: PEMFile, key: PEMFile)?
    ) throws(TransportError) -> TLSCredentials {
        let credentials = try TLSCredentials(mode: NNG_TLS_MODE_CLIENT)
        try credentials.believe(authorities)
        if let identity { try credentials.show(identity.certificate, identity.key) }
        // Without a name nng would take any certificate of the authorities.
        try unsafe credentials.set(
            nng_tls_config_server_name(credentials.configuration, serverName),
            "Expecting the name \(serverName)"
        )
        return credentials
    }

    private func show(_ certificate: PEMFile, _ key: PEMFile) throws(TransportError) {
        guard unsafe nng_tls_config_own_cert(configuration, certificate.text, key.text, nil) == 0 else {
            throw TransportError(
                code: .addressInvalid,
                message: "\(certificate.path) and \(key.path) are not a certificate and its unencrypted key."
            )
        }
    }

    private func believe(_ authorities: PEMFile) throws(TransportError) {
        guard unsafe nng_tls_config_ca_chain(configuration, authorities.text, nil) == 0 else {
            throw TransportError(
                code: .addressInvalid,
                message: "\(authorities.path) does not hold certificates of authorities."
            )
        }
    }

    private func set(_ result: Int32, _ action: String) throws(TransportError) {
        guard result == 0 else { throw TransportError(result: result, action: action) }
    }
}
