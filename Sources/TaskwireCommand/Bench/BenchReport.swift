internal import Taskwire

/// What came of a load, for people and for programs.
struct BenchReport: Sendable {
    let load: BenchLoad
    let duration: Duration
    let counts: BenchTally.Counts

    /// Prints it.
    func show(_ printer: TaskPrinter) throws {
        let latencies = LatencySummary(nanoseconds: counts.latencies)
        guard !printer.isJSON else {
            let members: [String: JSONValue] = [
                "mix": .string(load.mix.rawValue),
                "callers": .integer(load.callerCount),
                "payloadBytes": .integer(payloadSize),
                "tasks": .integer(load.taskCount),
                "seconds": .number(seconds),
                "operations": .integer(counts.operationCount),
                "calls": .integer(callCount),
                "errors": .integer(counts.errorCount),
                "throughput": .number(rate(of: callCount)),
                "operationsPerSecond": .number(rate(of: counts.operationCount)),
            ]
            return try printer.showJSON(.object(members.merging(latencies.members) { $1 }))
        }
        let rows = [
            ("mix", load.mix.rawValue),
            ("callers", "\(load.callerCount)"),
            ("payload", "\(payloadSize) bytes"),
            ("tasks", "\(load.taskCount) beside those of the callers"),
            ("duration", DurationText(duration).description),
            ("operations", "\(counts.operationCount), \(rate(of: counts.operationCount)) per second"),
            ("calls", "\(callCount)"),
            ("errors", "\(counts.errorCount)"),
            ("throughput", "\(rate(of: callCount)) calls per second"),
        ]
        try printer.showTable(
            TextTable(rows.map { [.init("\($0):", paint: printer.palette.heading), .init($1)] })
        )
        try StandardOutput.writeLine("")
        try printer.showTable(
            TextTable(headings: LatencySummary.headings, palette: printer.palette, rows: [latencies.cells])
        )
    }

    /// How the command ends when a call failed; `nil` when none did.
    var failure: CommandFailure? {
        counts.firstError.map { error in
            let example = CommandFailure(error)
            return CommandFailure(
                "\(counts.errorCount) calls failed, one of them so: \(example.message)",
                exitCode: example.exitCode
            )
        }
    }

    private var callCount: Int { counts.operationCount * load.callsPerOperation }

    private var payloadSize: Int { load.payload.data.count }

    private var seconds: Double { duration / .seconds(1) }

    /// `count` per second, to one decimal.
    private func rate(of count: Int) -> Double {
        (Double(count) / seconds * 10).rounded() / 10
    }
}
