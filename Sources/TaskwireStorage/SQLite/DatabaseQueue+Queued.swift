internal import GRDB

extension DatabaseQueue: QueuedConnection {
    func submit(_ body: @escaping @Sendable (Database) -> Void) {
        asyncWriteWithoutTransaction(body)
    }
}
