internal import ArgumentParser

/// The question that a command is about.
struct QuestionKeyArgument: ParsableArguments {
    @Argument(help: "The question's key, used once in the task's life.")
    var key: String
}
