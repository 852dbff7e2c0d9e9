/// The type of a payload's bytes. Those that are in most payloads take no memory of their own.
enum MediaType: Sendable, Hashable {
    case json
    case utf8Text
    case plainText
    case octetStream
    /// Any but those above.
    case other(CopyOnWrite<String>)

    /// Those that have a case.
    private static let common = [json, utf8Text, plainText, octetStream]
    /// Their names: literals, of which no payload has a copy of its own.
    static let commonNames = common.map(\.name)

    /// The type of that name.
    init(_ name: String) {
        self = Self.common.first { $0.name == name } ?? .other(CopyOnWrite(name))
    }

    /// Its name.
    var name: String {
        switch self {
        case .json: Payload.defaultContentType
        case .utf8Text: "text/plain; charset=utf-8"
        case .plainText: "text/plain"
        case .octetStream: "application/octet-stream"
        case .other(let name): name.value
        }
    }
}
