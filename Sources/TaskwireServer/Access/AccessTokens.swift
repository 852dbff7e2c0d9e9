internal import Crypto
internal import FoundationEssentials
internal import Synchronization
internal import SystemPackage
internal import Taskwire

/// The tokens that a server takes, from a file that may be read again while it serves.
///
/// The file has to be a regular one, or a symbolic link to one, of at most 32 MiB. Each line names a ``Principal`` and the SHA-256 of its token, in 64 hexadecimal digits. Anybody may have several
/// tokens. Empty lines and those that begin with `#` say nothing.
public final class AccessTokens: Sendable {
    private struct Entry {
        /// Of the token.
        let digest: [UInt8]
        let principal: Principal
    }

    /// Where the tokens come from.
    public let path: String

    /// Counts how often the tokens were read.
    private let readCount = Atomic(0)

    /// By the beginning of the digest.
    private let entries: Mutex<[UInt64: [Entry]]>

    /// Bytes that the file may have, some hundred thousand tokens.
    private static let maxByteCount = 32 << 20

    /// Reads the file at `path`.
    /// - Throws: INVALID_ARGUMENT, which names the file, the line and what is wrong with it.
    public init(path: String) throws {
        self.path = path
        entries = Mutex(try Self.read(path))
    }

    /// Reads the file again. When it cannot be used the tokens stay as they were.
    ///
    /// Calls that are under way are not affected.
    /// - Returns: How many tokens there are now.
    /// - Throws: as ``init(path:)``.
    @discardableResult
    public func reload() throws -> Int {
        let read = try Self.read(path)
        entries.withLock { $0 = read }
        readCount.add(1, ordering: .releasing)
        return read.values.reduce(0) { $0 + $1.count }
    }

    /// The number of the set of tokens that counts now.
    var generation: Int { readCount.load(ordering: .acquiring) }

    /// Whom a token belongs to.
    ///
    /// How long this takes tells nothing about the tokens: the table is searched by the hash of what the caller says, which
    /// nobody can choose, and hashes are compared in constant time.
    func principal(of token: String) -> Principal? {
        let digest = AccessToken.digest(of: token)
        let candidates = entries.withLock { $0[Self.beginning(of: Array(digest))] } ?? []
        var found: Principal?
        for entry in candidates where digest == entry.digest { found = entry.principal }
        return found
    }

    private static func beginning(of digest: [UInt8]) -> UInt64 {
        digest.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
    }

    private static func read(_ path: String) throws -> [UInt64: [Entry]] {
        let file: ConfidentialFile
        do {
            file = try ConfidentialFile(path: path, maximumByteCount: maxByteCount)
        } catch {
            throw TaskwireError.invalidField("tokens", "cannot read \(path): \(error)")
        }
        guard !file.isWritableByOthers else {
            throw TaskwireError.invalidField(
                "tokens",
                "others may write to \(path) and make themselves tokens; it must belong to this user or root, and take that"
                    + " right away with chmod go-w"
            )
        }
        guard let text = String(validating: file.bytes, as: UTF8.self) else {
            throw TaskwireError.invalidField("tokens", "\(path) is not text in UTF-8")
        }
        return try entries(in: text, of: path)
    }

    private static func entries(in text: String, of path: String) throws -> [UInt64: [Entry]] {
        var entries: [UInt64: [Entry]] = [:]
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let fields = line.split { $0 == " " || $0 == "\t" || $0 == "\r" }
            guard let first = fields.first, !first.hasPrefix("#") else { continue }
            func invalid(_ problem: String) -> TaskwireError {
                .invalidField("tokens", "line \(index + 1) of \(path): \(problem)")
            }
            guard fields.count == 2, let digest = digest(fields[1]) else {
                throw invalid("must be a name and the SHA-256 of a token in 64 hexadecimal digits")
            }
            let principal: Principal
            do {
                principal = try Principal(String(first))
            } catch {
                throw invalid("\"\(first)\" is not admin, worker:NAME or the NAME of an owner")
            }
            let beginning = beginning(of: digest)
            guard entries[beginning]?.contains(where: { $0.digest == digest }) != true else {
                throw invalid("the same token as in a line before")
            }
            entries[beginning, default: []].append(Entry(digest: digest, principal: principal))
        }
        return entries
    }

    private static func digest(_ text: Substring) -> [UInt8]? {
        let digits = Array(text.utf8)
        guard digits.count == SHA256Digest.byteCount * 2 else { return nil }
        var bytes: [UInt8] = []
        for index in stride(from: 0, to: digits.count, by: 2) {
            guard
                let high = Character(UnicodeScalar(digits[index])).hexDigitValue,
                let low = Character(UnicodeScalar(digits[index + 1])).hexDigitValue
            else { return nil }
            bytes.append(UInt8(high << 4 | low))
        }
        return bytes
    }
}
