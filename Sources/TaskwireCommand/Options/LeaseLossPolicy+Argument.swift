public import ArgumentParser
public import Taskwire

extension LeaseLossPolicy: ExpressibleByArgument {
    /// The policy with this name.
    public init?(argument: String) {
        guard let policy = Self.allCases.first(where: { $0.name == argument }) else { return nil }
        self = policy
    }

    /// The names of all policies.
    public static var allValueStrings: [String] { allCases.map(\.name) }

    private var name: String {
        switch self {
        case .fail: "fail"
        case .release: "release"
        }
    }
}
