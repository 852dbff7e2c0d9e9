/// How a ``ReplySocket`` listens at one address.
package struct ListenerOptions: Sendable {
    /// What tells its connections from those of other listeners: ``Connection/listenerNumber``.
    package var number = 0
    /// What it shows and asks of its clients; required for `tls+tcp`, of no use for others.
    package var tls: TLSCredentials?
    /// Whether every user of this machine may connect to its socket file, and not only the user of this process.
    package var isForEverybody = false

    /// The defaults.
    package init() {}
}
