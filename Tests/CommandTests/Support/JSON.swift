internal import Foundation

/// JSON to look into.
struct JSON: Decodable, Hashable, CustomStringConvertible, Sendable {
    private enum Value: Hashable, Sendable {
        case null
        case bool(Bool)
        case number(Double)
        case string(String)
        case array([JSON])
        case object([String: JSON])
    }

    private let value: Value

    init(_ bytes: [UInt8]) throws {
        self = try JSONDecoder().decode(JSON.self, from: Data(bytes))
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            value = .null
        } else if let bool = try? container.decode(Bool.self) {
            value = .bool(bool)
        } else if let number = try? container.decode(Double.self) {
            value = .number(number)
        } else if let string = try? container.decode(String.self) {
            value = .string(string)
        } else if let array = try? container.decode([JSON].self) {
            value = .array(array)
        } else {
            value = .object(try container.decode([String: JSON].self))
        }
    }

    subscript(key: String) -> JSON? {
        if case .object(let members) = value { members[key] } else { nil }
    }

    var string: String? { if case .string(let string) = value { string } else { nil } }
    var number: Double? { if case .number(let number) = value { number } else { nil } }
    var bool: Bool? { if case .bool(let bool) = value { bool } else { nil } }
    var array: [JSON]? { if case .array(let array) = value { array } else { nil } }
    var isNull: Bool { value == .null }
    var keys: Set<String> { if case .object(let members) = value { Set(members.keys) } else { [] } }

    /// What Taskwire adds to a task of MCP.
    var details: JSON? { self["_meta"]?["io.taskwire/task"] }

    var description: String { "\(value)" }
}
