internal import Taskwire
internal import TaskwireRPC

/// Whom a client believes at a `tls+tcp` address, and what it shows of itself.
public struct TLSOptions: Sendable, Hashable {
    /// A file in PEM with the authorities whose certificates count. `nil`: those of the system.
    public var authorityFile: String?
    /// A file in PEM with the client's certificate, followed by those that lead to its authority, where the server
    /// asks for one.
    public var certificateFile: String?
    /// A file in PEM with the key of the certificate, unencrypted.
    public var keyFile: String?
    /// The DNS name that the server's certificate must have. `nil`: the host of the address. A certificate's IP
    /// addresses do not count, so that an address with one needs a name.
    public var serverName: String?

    /// The defaults.
    public init() {}

    /// Debian's `ca-certificates`.
    private static let systemAuthorityFile = "/etc/ssl/certs/ca-certificates.crt"

    /// What a socket needs for an address at `host`.
    /// - Throws: INVALID_ARGUMENT for files that cannot be used, or a certificate without its key.
    func credentials(host: String) throws -> TLSCredentials {
        guard (certificateFile == nil) == (keyFile == nil) else {
            throw TaskwireError.invalidField("tls", "a certificate and its key belong together")
        }
        do throws(TransportError) {
            var identity: (certificate: PEMFile, key: PEMFile)?
            if let certificateFile, let keyFile {
                identity = (try PEMFile(certificatesAt: certificateFile), try PEMFile(keyAt: keyFile))
            }
            return try .client(
                serverName: serverName ?? host,
                authorities: try PEMFile(certificatesAt: authorityFile ?? Self.systemAuthorityFile),
                identity: identity
            )
        } catch {
            throw TaskwireError(transport: error)
        }
    }
}
