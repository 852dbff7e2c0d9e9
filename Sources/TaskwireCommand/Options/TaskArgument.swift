internal import ArgumentParser

/// The task that a command is about.
struct TaskArgument: ParsableArguments {
    @Argument(help: "The task's id.")
    var id: String
}
