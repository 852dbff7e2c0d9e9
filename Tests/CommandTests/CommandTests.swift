internal import Testing

/// Everything is tested on the real program, against a server that is a process of its own. One test at a time:
/// each has processes enough for two cores.
@Suite(.serialized, .timeLimit(.minutes(5)))
enum CommandTests {}
