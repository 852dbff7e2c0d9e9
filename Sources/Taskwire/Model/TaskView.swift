/// How much of a task a read returns. Source: AIP-157, "Partial responses".
public enum TaskView: Sendable, Hashable, CaseIterable {
    /// Everything but the payloads.
    case basic
    /// Also request, result, error and the outstanding input requests.
    case full
}
