import Testing

/// Workers that are processes of their own, and die as processes do. One test at a time: each has processes enough for
/// two cores.
@Suite(.serialized, .timeLimit(.minutes(5)))
enum WorkerTests {}
