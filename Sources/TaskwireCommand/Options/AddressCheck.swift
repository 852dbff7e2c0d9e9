/// Addresses that this version of the program cannot use, though others may.
enum AddressCheck {
    /// What is wrong with `url`, for a sentence that begins with where it stands.
    static func problem(with url: String) -> String? {
        guard url.hasPrefix("tls+tcp:") else { return nil }
        return "TLS is not available in this version; \(url) must be an ipc: or tcp: address"
    }
}
