/// What happens when a connection goes away.
package final class CloseHandler: ConnectionScope {
    private let action: @Sendable () -> Void

    package init(_ action: @escaping @Sendable () -> Void) {
        self.action = action
    }

    func cancel() {
        action()
    }
}
