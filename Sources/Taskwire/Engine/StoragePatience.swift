/// How long the call that runs can wait for a storage that is away.
package enum StoragePatience {
    /// When a storage that cannot reach its database should say so, so that the caller learns the reason before it gives up.
    /// Nil: when the storage itself gives up.
    @TaskLocal package static var end: ContinuousClock.Instant?
}
