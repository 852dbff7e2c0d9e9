internal import FoundationEssentials
internal import Taskwire
internal import TaskwireRPC

/// What a configuration says about listening, checked.
struct ListenerPlan: Sendable {
    /// Each address, and how to listen there.
    let listeners: [(address: Address, options: ListenerOptions)]
    let authenticator: Authenticator

    /// - Throws: as ``ServerConfiguration/validate()``.
    init(_ configuration: ServerConfiguration) throws(TaskwireError) {
        let listeners = configuration.listen
        authenticator = Authenticator(
            tokens: configuration.tokens,
            listenerOwners: listeners.isEmpty ? [nil] : listeners.map(\.owner),
            isPeerOwner: configuration.isPeerOwner
        )
        var plan: [(address: Address, options: ListenerOptions)] = []
        do throws(TransportError) {
            if listeners.isEmpty {
                let address = try Address.makeDefault(environment: ProcessInfo.processInfo.environment)
                plan.append((address, ListenerOptions()))
            }
            for listener in listeners {
                var options = ListenerOptions()
                options.tls = try Self.credentials(of: listener)
                plan.append((try Address(listener.url), options))
            }
        } catch {
            throw TaskwireError(transport: error)
        }
        for index in plan.indices {
            plan[index].options.number = index
            // Where the listener says who comes in, that is no business of every user.
            let owner = authenticator.listenerOwners[index]
            plan[index].options.isForEverybody = configuration.isPeerOwner && owner == nil
        }
        self.listeners = plan
        for (number, listener) in listeners.enumerated() {
            try check(listener, at: plan[number].address, number, configuration)
        }
    }

    private static func credentials(of listener: Listener) throws(TransportError) -> TLSCredentials? {
        guard let certificate = listener.certificateFile, let key = listener.keyFile else { return nil }
        var authorities: PEMFile?
        if let path = listener.clientAuthorityFile { authorities = try PEMFile(certificatesAt: path) }
        return try TLSCredentials.server(
            certificate: try PEMFile(certificatesAt: certificate),
            key: try PEMFile(keyAt: key),
            authorities: authorities
        )
    }

    private func check(
        _ listener: Listener,
        at address: Address,
        _ number: Int,
        _ configuration: ServerConfiguration
    ) throws(TaskwireError) {
        let files = [listener.certificateFile, listener.keyFile, listener.clientAuthorityFile]
        if address.isTLS {
            guard listener.certificateFile != nil, listener.keyFile != nil else {
                throw .invalidField("listen", "\(address) needs cert=FILE and key=FILE after a comma")
            }
        } else if files.contains(where: { $0 != nil }) {
            throw .invalidField("listen", "\(address) has no use for cert, key and ca; tls+tcp has")
        }
        if let owner = listener.owner { _ = try Principal.owner(owner) }
        guard authenticator.admits(at: address, number: number) else {
            throw TaskwireError(
                .invalidArgument,
                .listenerUseless,
                "listen: no caller could prove who it is at \(address): it has no owner, and the server no tokens"
            )
        }
        let hasCredentials = configuration.tokens != nil || listener.clientAuthorityFile != nil
        let isOpen = !address.isTLS || !hasCredentials || listener.isOwnedByAnybody
        guard address.isLocal || configuration.isInsecure || !isOpen else {
            throw TaskwireError(
                .invalidArgument,
                .listenerOpen,
                Self.problem(address, listener, hasCredentials: hasCredentials)
            )
        }
    }

    private static func problem(_ address: Address, _ listener: Listener, hasCredentials: Bool) -> String {
        var missing: [String] = []
        if !address.isTLS { missing.append("TLS (tls+tcp://..., with cert=FILE and key=FILE)") }
        if listener.isOwnedByAnybody {
            missing.append("certificates of clients (ca=FILE), as owner=NAME lets everybody in")
        } else if !hasCredentials {
            missing.append("credentials (tokens, or ca=FILE for certificates of clients)")
        }
        return "listen: \(address) is open to other machines and lacks \(missing.joined(separator: " and "))"
    }
}

extension Listener {
    /// Whether it makes an owner of whoever connects, without a proof.
    fileprivate var isOwnedByAnybody: Bool { owner != nil && clientAuthorityFile == nil }
}
