internal import TaskwireProtobuf

extension MethodAccess {
    /// Returns true if somebody in that role may call the method.
    func includes(_ role: Principal.Role) -> Bool {
        switch self {
        case .anybody: true
        case .everybody: role != .stranger
        case .owners: role == .owner || role == .admin
        case .admins: role == .admin
        }
    }

    /// The callers, for people.
    var people: String {
        switch self {
        case .anybody: "everybody"
        case .everybody: "everybody with a token"
        case .owners: "owners and not for their workers"
        case .admins: "admins"
        }
    }
}
