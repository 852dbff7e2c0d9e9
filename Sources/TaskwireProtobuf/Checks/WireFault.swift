internal import Taskwire

/// What is wrong with encoded bytes, and where. The path grows while the walk is left, so that it costs
/// nothing where nothing is wrong.
struct WireFault: Error {
    private var path = ""
    private let problem: String
    private let reason: TaskwireError.Reason

    private init(_ reason: TaskwireError.Reason, _ problem: String) {
        self.reason = reason
        self.problem = problem
    }

    /// The bytes are not Protobuf of the expected type.
    static func malformed(_ problem: String) -> WireFault { WireFault(.malformedMessage, problem) }

    /// The bytes are Protobuf, but a field has a value that it must not have.
    static func invalid(_ problem: String) -> WireFault { WireFault(.invalidField, problem) }

    /// The same fault seen from outside a field, or outside an element where `component` is `[index]`.
    func inside(_ component: String) -> WireFault {
        var fault = self
        let isJoined = path.isEmpty || path.hasPrefix("[")
        fault.path = isJoined ? component + path : "\(component).\(path)"
        return fault
    }

    /// The refusal; `messageName` stands for the path where the fault is in no field.
    func refusal(of messageName: String) -> TaskwireError {
        TaskwireError(.invalidArgument, reason, "\(path.isEmpty ? messageName : path): \(problem)")
    }
}
