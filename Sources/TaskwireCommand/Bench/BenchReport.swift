internal import Taskwire

/// What came of a load, for people and for programs.
struct BenchReport: Sendable {
    let mix: BenchMix
    let callerCount: Int
    let payloadSize: Int
    let duration: Duration
    let tally: BenchTally

    /// Prints it.
    func show(_ printer: TaskPrinter) throws {
        let latencies = LatencySummary(tally.latencies)
        guard !printer.isJSON else {
            let members: [String: JSONValue] = [
                "mix": .string(mix.rawValue),
                "callers": .integer(callerCount),
                "payloadBytes": .integer(payloadSize),
                "seconds": .number(seconds),
                "operations": .integer(tally.operationCount),
                "calls": .integer(callCount),
                "errors": .integer(tally.errorCount),
                "throughput": .number(rate(of: callCount)),
                "operationsPerSecond": .number(rate(of: tally.operationCount)),
            ]
            return try printer.showJSON(JSONValue.object(members.merging(latencies.members) { $1 }))
        }
        let rows = [
            ("mix", mix.rawValue),
            ("callers", "\(callerCount)"),
            ("payload", "\(payloadSize) bytes"),
            ("duration", DurationText(duration).description),
            ("operations", "\(tally.operationCount), \(rate(of: tally.operationCount)) per second"),
            ("calls", "\(callCount)"),
            ("errors", "\(tally.errorCount)"),
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
        tally.firstError.map { error in
            let example = CommandFailure(error)
            return CommandFailure(
                "\(tally.errorCount) calls failed, one of them so: \(example.message)",
                exitCode: example.exitCode
            )
        }
    }

    private var callCount: Int { tally.operationCount * mix.callsPerOperation }

    private var seconds: Double { duration / .seconds(1) }

    /// `count` per second, to one decimal.
    private func rate(of count: Int) -> Double {
        (Double(count) / seconds * 10).rounded() / 10
    }
}
