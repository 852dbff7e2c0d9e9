public import ArgumentParser
public import Taskwire

extension TaskMessage.Kind: ExpressibleByArgument {
    /// The kind with this name.
    public init?(argument: String) {
        guard let kind = Self.allCases.first(where: { $0.name == argument }) else { return nil }
        self = kind
    }

    /// The names of all kinds.
    public static var allValueStrings: [String] { allCases.map(\.name) }

    /// The kind in commands and in JSON.
    var name: String {
        switch self {
        case .request: "request"
        case .notification: "notification"
        }
    }
}
