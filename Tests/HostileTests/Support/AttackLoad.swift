import Foundation

/// How much the tests attack: as much as continuous integration has time for, or what the environment says.
enum AttackLoad {
    /// Attacks of each kind on each transport: HOSTILE_ATTACKS.
    static let count = value(of: "HOSTILE_ATTACKS") ?? 100

    /// The kinds of attack: all, or those in whose names HOSTILE_KIND is.
    static let kinds: [AttackKind] = {
        guard let text: String = value(of: "HOSTILE_KIND") else { return AttackKind.allCases }
        return AttackKind.allCases.filter { $0.rawValue.contains(text) }
    }()

    /// Clients that are killed on each transport.
    static let killCount = max(10, count / 50)

    /// A seed that can be given again: HOSTILE_SEED.
    static var seed: UInt64 { value(of: "HOSTILE_SEED") ?? .random(in: 0 ... .max) }

    /// How many minutes a test may take.
    static let minutes = count > 1000 ? 60 : 5

    private static func value<Number: LosslessStringConvertible>(of variable: String) -> Number? {
        ProcessInfo.processInfo.environment[variable].flatMap { Number($0) }
    }
}
