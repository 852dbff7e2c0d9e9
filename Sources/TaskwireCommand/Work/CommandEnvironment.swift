/// The environment of a command: this program's own, as bytes, and some variables in their place or beside them.
enum CommandEnvironment {
    /// The entries, `NAME=VALUE` with a NUL at the end.
    /// - Throws: ``CommandFailure`` where the system does not tell this program's environment.
    static func entries(with variables: [String: String]) throws -> [[UInt8]] {
        let own = try FileInput.readAll(atPath: "/proc/self/environ", limit: Int.max)
        let prefixes = variables.keys.map { Array("\($0)=".utf8) }
        let kept = own.split(separator: 0).filter { entry in
            !prefixes.contains { entry.starts(with: $0) }
        }
        return kept.map { $0 + [0] } + variables.map { Array("\($0.key)=\($0.value)\0".utf8) }
    }
}
