internal import Taskwire

/// Whom a caller has proved to be, and what that allows.
///
/// As text, in the file of tokens and in the log: `alice` is an owner, `worker:alice` works on that owner's tasks, and
/// `admin` is who runs the server.
public struct Principal: Sendable, Hashable {
    /// What somebody may do.
    public enum Role: Sendable, Hashable {
        /// Everything with the own tasks.
        case owner
        /// Everything with the tasks of one owner but creating and deleting them.
        case worker
        /// Everything, with the tasks of every owner and with the server.
        case admin
        /// Nothing but what needs no credential.
        case stranger
    }

    /// What it may do.
    public let role: Role

    /// Whose tasks it sees; of an admin, until it names an owner.
    public let owner: String

    /// Somebody who acts for `owner`.
    init(_ role: Role, of owner: String) {
        self.role = role
        self.owner = owner
    }

    /// Somebody without a credential. No owner can have the name.
    static let stranger = Principal(.stranger, of: "#")

    private static let admin = "admin"
    private static let workerPrefix = "worker:"
    private static let userPrefix = "uid:"

    /// Bytes that the name of an owner may have.
    static let maxOwnerBytes = 256

    /// Reads a text such as `alice`, `worker:alice` or `admin`.
    /// - Throws: INVALID_ARGUMENT / INVALID_FIELD.
    public init(_ text: String) throws {
        if text == Self.admin {
            self.init(.admin, of: "")
        } else if text.hasPrefix(Self.workerPrefix) {
            self.init(.worker, of: try Self.owner(String(text.dropFirst(Self.workerPrefix.count))))
        } else {
            self.init(.owner, of: try Self.owner(text))
        }
    }

    /// A user of this machine, whose name as an owner is `uid:1000`.
    init(userID: UInt32) {
        self.init(.owner, of: "\(Self.userPrefix)\(userID)")
    }

    /// The name of an owner, checked: 1 to 256 bytes of printable ASCII without spaces, and none that means something else.
    /// - Throws: INVALID_ARGUMENT / INVALID_FIELD.
    static func owner(_ name: String) throws(TaskwireError) -> String {
        guard 1...maxOwnerBytes ~= name.utf8.count, name.utf8.allSatisfy({ 0x21...0x7e ~= $0 }) else {
            throw .invalidField(
                "owner",
                "a name has 1 to \(maxOwnerBytes) bytes of printable ASCII without spaces"
            )
        }
        guard name != admin, !name.hasPrefix(workerPrefix), !name.hasPrefix("#") else {
            throw .invalidField("owner", "\"\(name)\" is not a name that an owner can have")
        }
        return name
    }
}

extension Principal: CustomStringConvertible {
    /// The text that ``init(_:)`` reads.
    public var description: String {
        switch role {
        case .owner: owner
        case .worker: Self.workerPrefix + owner
        case .admin: Self.admin
        case .stranger: "nobody"
        }
    }
}
