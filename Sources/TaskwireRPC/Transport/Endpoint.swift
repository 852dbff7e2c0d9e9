/// A place where a client finds its service, and what it needs to know there.
package struct Endpoint: Sendable {
    /// Where a server listens.
    package var address: Address
    /// Whom to believe and what to show; required for `tls+tcp`, of no use for others.
    package var tls: TLSCredentials?
    /// Whether the folder of an ipc address must be this user's own, as in a place where anybody can make
    /// folders.
    package var requiresOwnFolder = false

    /// A server at `address`, everything else at its default.
    package init(_ address: Address) {
        self.address = address
    }
}
