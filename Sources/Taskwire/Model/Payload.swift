public import FoundationEssentials

/// Bytes of any kind and what they are: a task's request, its result, the body of a message.
public struct Payload: Sendable, Hashable {
    /// The content type of a payload that does not name one: `application/json`.
    public static let defaultContentType = "application/json"

    /// What most payloads name: literals, of which no payload has a copy of its own.
    package static let commonContentTypes = MediaType.commonNames

    private var type: MediaType
    /// The bytes. How many a message may carry is a limit of the server.
    public var data: [UInt8]

    /// Media type, 1 to 255 bytes of printable ASCII.
    public var contentType: String {
        get { type.name }
        set { type = MediaType(newValue) }
    }

    /// Bytes of the given media type. An empty `contentType` stands for `application/json`.
    public init(data: [UInt8], contentType: String = Payload.defaultContentType) {
        self.data = data
        type = MediaType(contentType.isEmpty ? Payload.defaultContentType : contentType)
    }

    /// Bytes of the given media type.
    public init(data: Data, contentType: String = Payload.defaultContentType) {
        self.init(data: [UInt8](data), contentType: contentType)
    }

    /// The UTF-8 of `text`.
    public init(text: String, contentType: String = "text/plain; charset=utf-8") {
        self.init(data: Array(text.utf8), contentType: contentType)
    }

    /// `value` as JSON.
    /// - Throws: `EncodingError` where `value` cannot be written as JSON.
    public init(json value: some Encodable) throws {
        self.init(data: try JSONEncoder().encode(value))
    }

    /// The payload read as JSON.
    /// - Throws: `DecodingError` where the bytes are not the JSON of a `Value`.
    public func decode<Value: Decodable>(_ type: Value.Type = Value.self) throws -> Value {
        try JSONDecoder().decode(type, from: Data(data))
    }

    /// The bytes as UTF-8, with U+FFFD where they are not.
    public var text: String { String(decoding: data, as: UTF8.self) }
}
