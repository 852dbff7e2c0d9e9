internal import Crypto
package import FoundationEssentials

/// One command of Redis. Each may be sent again when its reply was lost: see ``RedisScript/store``.
package struct RedisCommand: Sendable {
    /// What Redis is to do, and with what.
    package let arguments: [Data]
    /// Set where the command runs a script, which Redis may have forgotten.
    let script: RedisScript?
    /// Its first key, which says what node of a Cluster it is for.
    package let key: Data
    /// Whether replicas should have what it changed before it counts as done.
    var isWrite = false

    /// A command, its key and its other arguments.
    package init(_ name: RedisArgument, _ key: String, _ arguments: RedisArgument...) {
        self.arguments = ([name, .text(key)] + arguments).map(\.data)
        self.key = Data(key.utf8)
        script = nil
    }

    /// A call of a script.
    init(_ script: RedisScript, keys: [String], _ arguments: [RedisArgument]) {
        let head: [RedisArgument] = ["EVALSHA", .text(script.digest), .number(Int64(keys.count))]
        self.arguments = (head + keys.map { .text($0) } + arguments).map(\.data)
        self.script = script
        key = Data((keys.first ?? "").utf8)
    }

    /// What is sent where Redis forgot the script: the same call with its text, after which Redis knows that again.
    func spelledOut(_ script: RedisScript) -> [Data] {
        [Data("EVAL".utf8), Data(script.source.utf8)] + arguments.dropFirst(2)
    }
}

/// One argument of a command, as bytes.
package struct RedisArgument: Sendable, ExpressibleByStringLiteral {
    let data: Data

    private init(_ data: Data) {
        self.data = data
    }

    package init(stringLiteral text: String) {
        self.init(Data(text.utf8))
    }

    package static func text(_ text: String) -> RedisArgument { RedisArgument(Data(text.utf8)) }
    package static func number(_ number: some BinaryInteger) -> RedisArgument { text(String(number)) }
    static func blob(_ data: Data) -> RedisArgument { RedisArgument(data) }
}

/// A script that Redis runs as one step.
struct RedisScript: Sendable {
    let source: String
    /// Its name in Redis: the SHA-1 of the source, in hexadecimal.
    let digest: String

    init(_ source: String) {
        self.source = source
        digest = Insecure.SHA1.hash(data: Data(source.utf8)).map { byte in
            let text = String(byte, radix: 16)
            return byte < 16 ? "0\(text)" : text
        }.joined()
    }

    /// The same, which Redis also runs where it has no memory left.
    var whenFull: RedisScript { RedisScript("#!lua flags=allow-oom\n" + source) }
}
