import Testing

/// A server that is a process of its own, under attack by bytes that no client would send, while good clients work and
/// must notice nothing. One test at a time: each has load enough for two cores.
@Suite(.serialized, .timeLimit(.minutes(AttackLoad.minutes)))
enum HostileTests {}
