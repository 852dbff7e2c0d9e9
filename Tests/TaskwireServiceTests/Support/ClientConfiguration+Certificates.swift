import TaskwireClient
import TaskwireTestSupport

extension TaskwireClient.Configuration {
    /// A client that believes the authority `ca` and the name localhost, and shows the certificate `identity`.
    static func trusting(
        _ certificates: TestCertificates,
        authority: String = "ca",
        showing identity: String? = nil
    ) -> Self {
        var configuration = Self()
        configuration.tls.authorityFile = certificates.certificate(authority)
        configuration.tls.serverName = "localhost"
        if let identity {
            configuration.tls.certificateFile = certificates.certificate(identity)
            configuration.tls.keyFile = certificates.key(identity)
        }
        return configuration
    }
}
