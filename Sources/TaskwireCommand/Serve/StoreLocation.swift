internal import Taskwire
internal import TaskwireStorage

/// Where tasks are kept, as `--store` says it.
enum StoreLocation: Equatable {
    /// `memory:`
    case memory
    /// `sqlite:PATH`; `sqlite:` alone is a file in the state folder of this user.
    case sqlite(path: String)
    /// `redis://[[USER]:PASSWORD@]HOST[:PORT][,HOST[:PORT]...][/DATABASE]`
    case redis(RedisAddress)

    /// What is wrong with the text of a location.
    struct Problem: Error, CustomStringConvertible {
        let description: String
    }

    init(_ text: String, environment: [String: String]) throws(Problem) {
        if text == "memory:" {
            self = .memory
        } else if text.hasPrefix("sqlite:") {
            let path = String(text.dropFirst("sqlite:".count))
            self = .sqlite(path: path.isEmpty ? try Self.defaultPath(environment) : path)
        } else if text.hasPrefix("redis:") || text.hasPrefix("rediss:") {
            do throws(TaskwireError) {
                self = .redis(try RedisAddress(text))
            } catch {
                throw Problem(description: error.message)
            }
        } else {
            throw Problem(description: "\"\(text)\" is not a store; use sqlite:PATH, redis://HOST or memory:")
        }
    }

    /// Source: XDG Base Directory Specification 0.8: a relative path in the variable counts as none.
    private static func defaultPath(_ environment: [String: String]) throws(Problem) -> String {
        if let state = environment["XDG_STATE_HOME"], state.hasPrefix("/") {
            return "\(state)/taskwire/tasks.db"
        }
        guard let home = environment["HOME"], home.hasPrefix("/") else {
            throw Problem(
                description: "neither XDG_STATE_HOME nor HOME says where; use sqlite:PATH or memory:"
            )
        }
        return "\(home)/.local/state/taskwire/tasks.db"
    }
}
