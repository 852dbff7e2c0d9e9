internal import Glibc
internal import Taskwire
internal import TaskwireProtobuf

/// A caller on a connection whom the server knows, so that the next call with the same credential costs a comparison.
final class Session: Sendable {
    let principal: Principal
    /// The owner of the tasks that calls are about.
    let owner: String
    /// The tasks of ``owner``.
    let tasks: any ServedTaskStore

    private let token: [UInt8]
    /// The generation of the tokens that it was found among.
    private let generation: Int

    /// Longer tokens are looked up at each call, so that no connection keeps much.
    private static let longestToken = 256

    init(
        token: UnsafeRawBufferPointer,
        generation: Int,
        principal: Principal,
        owner: String,
        tasks: any ServedTaskStore
    ) {
        self.token = token.count <= Self.longestToken ? [UInt8](token) : []
        self.generation = token.count <= Self.longestToken ? generation : -1
        self.principal = principal
        self.owner = owner
        self.tasks = tasks
    }

    /// Returns true if a call with that token is one of this session.
    func includes(_ token: UnsafeRawBufferPointer, generation: Int) -> Bool {
        // The caller has shown the token on this connection before: how long this takes tells nobody else's.
        guard self.generation == generation, self.token.count == token.count else { return false }
        guard let first = token.baseAddress, !token.isEmpty else { return true }
        return self.token.withUnsafeBytes { own in
            own.baseAddress.map { memcmp($0, first, token.count) == 0 } ?? false
        }
    }
}
