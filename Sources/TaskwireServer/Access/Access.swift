/// Who may call a method.
enum Access: Sendable {
    /// Owners, their workers, admins.
    case everybody
    /// Owners and admins.
    case owners
    /// Those who run the server.
    case admins

    /// Whether somebody in that role may.
    func includes(_ role: Principal.Role) -> Bool {
        switch self {
        case .everybody: true
        case .owners: role != .worker
        case .admins: role == .admin
        }
    }

    /// Who may, for people.
    var people: String {
        switch self {
        case .everybody: "everybody with a token"
        case .owners: "owners and not for their workers"
        case .admins: "admins"
        }
    }
}
