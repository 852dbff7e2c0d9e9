internal import CHiredis
package import FoundationEssentials

/// What Redis answers to one command, in the terms of its protocol (RESP2).
package enum RedisReply: Sendable, Equatable {
    case string(Data)
    case status(String)
    case integer(Int64)
    case array([RedisReply])
    case null
    /// A refusal: a word in capitals, and a sentence.
    case error(String)

    /// Copies a reply of hiredis.
    init(_ reply: redisReply) {
        switch unsafe reply.type {
        case REDIS_REPLY_STRING: self = unsafe .string(Data(bytes: reply.str, count: reply.len))
        case REDIS_REPLY_STATUS: self = unsafe .status(Self.text(of: reply))
        case REDIS_REPLY_INTEGER: self = unsafe .integer(reply.integer)
        case REDIS_REPLY_ERROR: self = unsafe .error(Self.text(of: reply))
        case REDIS_REPLY_ARRAY:
            let elements = unsafe UnsafeBufferPointer(start: reply.element, count: reply.elements)
            self = unsafe .array(elements.map { unsafe $0.map { unsafe RedisReply($0.pointee) } ?? .null })
        default: self = .null
        }
    }

    private static func text(of reply: redisReply) -> String {
        unsafe String(decoding: UnsafeRawBufferPointer(start: reply.str, count: reply.len), as: UTF8.self)
    }

    /// The bytes of a string; `nil` for anything else.
    package var data: Data? {
        if case .string(let data) = self { data } else { nil }
    }

    /// A string or a status as text; `nil` for anything else.
    package var text: String? {
        switch self {
        case .string(let data): String(decoding: data, as: UTF8.self)
        case .status(let text): text
        default: nil
        }
    }

    /// A number, or the text of one; `nil` for anything else.
    package var number: Int64? {
        if case .integer(let number) = self { return number }
        // Redis prints scores as doubles: 1.7e+15 and inf are scores, too.
        return text.flatMap { Int64($0) ?? Double($0).flatMap { Int64(exactly: $0) } }
    }

    /// The elements of an array; `nil` for anything else.
    package var elements: [RedisReply]? {
        if case .array(let elements) = self { elements } else { nil }
    }
}
