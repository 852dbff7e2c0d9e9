internal import ArgumentParser
internal import Taskwire
internal import TaskwireClient

/// `taskwire stats`
struct StatsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stats",
        abstract: "Show the server's counters and latencies since its start."
    )

    @OptionGroup var timeout: TimeoutOption
    @OptionGroup var client: ClientOptions

    func run() async throws {
        let stats = try await client.withClient(timeout: timeout.duration) { client in
            try await client.serverStats()
        }
        let printer = client.printer
        guard !client.json else { return try printer.showJSON(Self.document(of: stats)) }
        let counters: [(String, UInt64)] = [
            ("tasks", stats.tasks),
            ("tombstones", stats.tombstones),
            ("waits", stats.waits),
            ("connections", stats.connections),
            ("calls", stats.calls),
            ("errors", stats.errors),
        ]
        let rows =
            [("uptime", DurationText(milliseconds: stats.uptimeMilliseconds).description)]
            + counters.map { ($0, "\($1)") }
        try printer.showTable(
            TextTable(rows.map { [.init("\($0):", paint: printer.palette.heading), .init($1)] })
        )
        guard !stats.methods.isEmpty else { return }
        try StandardOutput.writeLine("")
        try printer.showTable(
            TextTable(
                headings: ["METHOD", "CALLS", "ERRORS"] + LatencySummary.headings,
                palette: printer.palette,
                rows: stats.methods.map { method in
                    [.init(method.name), .init("\(method.calls)"), .init("\(method.errors)")]
                        + LatencySummary(method).cells
                }
            )
        )
    }

    private static func document(of stats: ServerStats) -> JSONValue {
        [
            "uptimeMs": .integer(stats.uptimeMilliseconds),
            "tasks": .integer(stats.tasks),
            "tombstones": .integer(stats.tombstones),
            "waits": .integer(stats.waits),
            "connections": .integer(stats.connections),
            "calls": .integer(stats.calls),
            "errors": .integer(stats.errors),
            "methods": .array(
                stats.methods.map { method in
                    let members: [String: JSONValue] = [
                        "name": .string(method.name),
                        "calls": .integer(method.calls),
                        "errors": .integer(method.errors),
                    ]
                    return .object(members.merging(LatencySummary(method).members) { $1 })
                }
            ),
        ]
    }
}
