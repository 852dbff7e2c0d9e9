internal import Taskwire
internal import TaskwireRPC

/// Tells who calls: by the token of the call, or else by the listener or the socket that it came in at.
struct Authenticator: Sendable {
    /// The tokens that count; nil where none do.
    let tokens: AccessTokens?
    /// The owners that listeners stand for, by the listener's number.
    let listenerOwners: [String?]
    /// Whether a user of this machine is an owner on ipc.
    let isPeerOwner: Bool

    /// Whether everybody who can connect may do everything.
    var isOpen: Bool {
        tokens == nil && !isPeerOwner && listenerOwners.allSatisfy { $0 == nil }
    }

    /// Changes when those who are let in may have.
    var generation: Int { tokens?.generation ?? 0 }

    /// Whether there is any way to get in at a listener.
    func admits(at listener: Address, number: Int) -> Bool {
        isOpen || tokens != nil || listenerOwners[number] != nil || isPeerOwner && listener.isIPC
    }

    /// Who makes a call on `connection` with `token`, which is empty where the call has none.
    ///
    /// A token counts more than where the call came in, and one that is wrong gets nobody in anywhere.
    /// - Throws: UNAUTHENTICATED.
    func principal(token: String, on connection: Connection) throws(TaskwireError) -> Principal {
        if isOpen { return .init(.admin, of: "") }
        if !token.isEmpty {
            guard let principal = tokens?.principal(of: token) else {
                throw Self.unauthenticated("This server does not know the token of the call")
            }
            return principal
        }
        if let owner = listenerOwners[connection.listenerNumber] { return Principal(.owner, of: owner) }
        if isPeerOwner, let userID = connection.peerUserID { return Principal(userID: userID) }
        throw Self.unauthenticated("This server asks for a token, and the call has none")
    }

    private static func unauthenticated(_ message: String) -> TaskwireError {
        TaskwireError(.unauthenticated, .unauthenticated, message)
    }
}
