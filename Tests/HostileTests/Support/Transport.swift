/// What carries the bytes.
enum Transport: String, CaseIterable, Sendable {
    case ipc
    case tcp
    case tls
}
