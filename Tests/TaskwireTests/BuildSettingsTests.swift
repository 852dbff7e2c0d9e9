import Testing

@Suite("Build settings")
struct BuildSettingsTests {
    /// A feature that is misspelt in Package.swift is silently off.
    @Test
    func theUpcomingFeaturesAreOn() {
        var missing: Set<String> = [
            "ExistentialAny", "InternalImportsByDefault", "MemberImportVisibility",
            "NonisolatedNonsendingByDefault",
        ]
        #if hasFeature(ExistentialAny)
        missing.remove("ExistentialAny")
        #endif
        #if hasFeature(InternalImportsByDefault)
        missing.remove("InternalImportsByDefault")
        #endif
        #if hasFeature(MemberImportVisibility)
        missing.remove("MemberImportVisibility")
        #endif
        #if hasFeature(NonisolatedNonsendingByDefault)
        missing.remove("NonisolatedNonsendingByDefault")
        #endif
        #expect(missing.isEmpty)
    }
}
