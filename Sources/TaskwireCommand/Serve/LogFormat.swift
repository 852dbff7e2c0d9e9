public import ArgumentParser
public import Logging

/// How the log is written.
enum LogFormat: String, CaseIterable, ExpressibleByArgument {
    /// Lines for people: time, level, message, then `key=value`.
    case text
    /// One JSON object per line.
    case json
}

extension Logger.Level: @retroactive ExpressibleByArgument {}
