internal import Taskwire

/// Where a server listens, and what that says about those who come in there.
///
/// As text: a URL and what belongs to it, such as
/// `tls+tcp://0.0.0.0:7411,cert=server.pem,key=server-key.pem,ca=clients.pem,owner=alice`.
public struct Listener: Sendable, Hashable {
    /// A URL such as `ipc:///run/taskwire.sock`, `tcp://127.0.0.1:7411` or `tls+tcp://0.0.0.0:7411`.
    public var url: String
    /// `cert`: a file in PEM with the server's certificate, followed by those that lead to its authority.
    public var certificateFile: String?
    /// `key`: a file in PEM with the key of the certificate, unencrypted.
    public var keyFile: String?
    /// `ca`: a file in PEM with authorities. Whoever has no certificate of theirs is not let in.
    public var clientAuthorityFile: String?
    /// `owner`: who everybody is that comes in here without a token.
    public var owner: String?

    /// A listener at `url`.
    public init(url: String) {
        self.url = url
    }

    private static var attributes: [(name: String, path: WritableKeyPath<Listener, String?>)] {
        [("cert", \.certificateFile), ("key", \.keyFile), ("ca", \.clientAuthorityFile), ("owner", \.owner)]
    }

    /// Reads the text of a listener. What the URL says is looked at when the server is made.
    /// - Throws: INVALID_ARGUMENT / INVALID_FIELD.
    public init(_ text: String) throws {
        let parts = text.split(separator: ",", omittingEmptySubsequences: false)
        self.init(url: String(parts[0]))
        for part in parts.dropFirst() {
            let sides = part.split(separator: "=", maxSplits: 1)
            guard
                sides.count == 2,
                let attribute = Self.attributes.first(where: { $0.name == sides[0] })
            else {
                let names = Self.attributes.map { "\($0.name)=..." }.joined(separator: ", ")
                throw TaskwireError.invalidField(
                    "listen",
                    "\"\(part)\" after \(url) is none of \(names)"
                )
            }
            guard self[keyPath: attribute.path] == nil else {
                throw TaskwireError.invalidField("listen", "\(attribute.name) is there twice after \(url)")
            }
            self[keyPath: attribute.path] = String(sides[1])
        }
    }
}

extension Listener: CustomStringConvertible {
    /// The text that ``init(_:)`` reads.
    public var description: String {
        Self.attributes.reduce(url) { text, attribute in
            self[keyPath: attribute.path].map { "\(text),\(attribute.name)=\($0)" } ?? text
        }
    }
}
