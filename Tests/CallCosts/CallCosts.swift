import ArgumentParser

/// Does one thing many times, for `Scripts/costs.sh` to count the instructions of.
@main
struct CallCosts: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "call-costs",
        abstract: "Do one step of a call many times."
    )

    @Option(help: "How many times.")
    var count = 1000

    @Argument(help: "What to do: \(CostedStep.allCases.map(\.rawValue).joined(separator: ", ")).")
    var step: CostedStep

    func run() throws {
        try SerialExecution.run { [step, count] in
            try await CostBench().run(step, count: count)
        }
    }
}
