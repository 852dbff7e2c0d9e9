internal import FoundationEssentials
internal import Taskwire

/// How things are called in Redis.
///
/// Every key begins with the version of the format. All keys of one owner share a hash tag, in braces, so that a Redis
/// Cluster keeps them together and one script may touch them all (Redis Cluster specification, "Hash tags").
package struct RedisKeys: Sendable {
    /// Owners by when a sweeper should look at them next, in Unix milliseconds; see ``RedisOwners``.
    static let owners = "tw1:owners"
    /// The part of the owners with that number.
    static func owners(part number: Int) -> String { "tw1:owners:{\(number)}" }

    /// For how many milliseconds the owners are remembered after the last change or look: 30 days. Each comes back with
    /// its next change.
    static let ownersLifetime: Int64 = 2_592_000_000

    /// A key that is never there, and says on a Redis Cluster whose clock is everybody's.
    static let time = "tw1:time"

    private let prefix: String

    package init(owner: String) {
        prefix = "tw1:{=\(Self.escaped(owner))}:"
    }

    /// Live tasks, ordered by bytes: status, then ``place(_:)``.
    package var order: String { prefix + "order" }
    /// All tasks that time will change, as ``place(_:)``, by when, in Unix milliseconds.
    package var due: String { prefix + "due" }
    /// Tombstones, as ``place(_:)``, by when they are forgotten, in Unix milliseconds.
    package var graves: String { prefix + "graves" }
    /// What is known of the owner; see ``RedisScript/store``.
    package var owner: String { prefix + "owner" }
    /// A key that is never there.
    ///
    /// Every script has it among its keys, so that Redis Cluster runs none in a slot that is on its way to another node: it
    /// answers TRYAGAIN where some keys of a command are at hand and some are not (Redis Cluster specification, "Multiple
    /// keys operations"). A script that ran then would take tasks for forgotten which are at the other node.
    var absent: String { prefix + "absent" }
    /// What the names of all tasks of the owner begin with.
    var taskPrefix: String { prefix + "task:" }

    /// The task itself, and the channel on which its changes are announced.
    package func task(_ id: String) -> String { taskPrefix + id }

    /// What ``RedisScript/load`` needs.
    func loading(task id: String) -> [String] { [task(id), order, owner, absent] }
    /// What ``RedisScript/store`` needs.
    func storing(task id: String) -> [String] { [task(id), order, owner, due, graves, absent] }

    /// A task's place among the owner's: creation as 16 hexadecimal digits, and the id. Bytes compare as positions do.
    static func place(_ position: TaskPosition) -> String {
        let moment = position.createdAt.millisecondsSince1970
        // Negative numbers come before the others.
        let digits = String(UInt64(bitPattern: moment) ^ (1 << 63), radix: 16)
        return String(repeating: "0", count: placeDigits - digits.count) + digits + position.id
    }

    /// The id in a ``place(_:)``.
    static func id(inPlace place: String) -> String {
        String(place.dropFirst(placeDigits))
    }

    /// How many digits a place begins with.
    static let placeDigits = 16

    /// Owners may contain anything; braces would end the hash tag, and no name of a key should need quotes.
    private static func escaped(_ owner: String) -> String {
        owner.utf8.map { byte in
            let character = Character(Unicode.Scalar(byte))
            let isPlain =
                byte < 128 && (character.isLetter || character.isNumber || "-._@+=/:".contains(character))
            return isPlain ? String(character) : "%" + String(byte, radix: 16)
        }.joined()
    }
}
