import Foundation
import Subprocess
import SystemPackage

/// Authorities, certificates and keys in a folder, as `Scripts/test-certificates.sh` makes them.
public struct TestCertificates: Sendable {
    /// The script did not do its work.
    public struct Failure: Error {
        /// What it said.
        public let message: String
    }

    /// Where the files are.
    public let folder: String

    /// The path of a certificate, such as `server` or `ca`.
    public func certificate(_ name: String) -> String { "\(folder)/\(name).pem" }

    /// The path of the key of a certificate.
    public func key(_ name: String) -> String { "\(folder)/\(name)-key.pem" }

    /// What follows the address of a `tls+tcp` listener, which shows the certificate `name` and asks for certificates of
    /// the authority `clients`, if there is one.
    public func listenerAttributes(_ name: String = "server", clients: String? = nil) -> String {
        let authority = clients.map { ",ca=\(certificate($0))" } ?? ""
        return ",cert=\(certificate(name)),key=\(key(name))\(authority)"
    }

    /// Runs `body` with certificates of its own, which are gone afterwards.
    public static func with<Output>(
        _ body: @Sendable (TestCertificates) async throws -> Output
    ) async throws -> Output {
        try await withTemporaryFolder { folder in
            for (name, contents) in try await files.value {
                let isWritten = FileManager.default.createFile(
                    atPath: "\(folder)/\(name)",
                    contents: Data(contents),
                    attributes: [.posixPermissions: 0o600]
                )
                guard isWritten else { throw Failure(message: "\(folder)/\(name) cannot be written") }
            }
            return try await body(TestCertificates(folder: folder))
        }
    }

    /// The files by name, made once in each process: `openssl` takes longer than most tests.
    private static let files = Task { try await makeFiles() }

    private static func makeFiles() async throws -> [String: [UInt8]] {
        try await withTemporaryFolder { folder in
            let script = URL(filePath: #filePath).deletingLastPathComponent()
                .appending(path: "../../Scripts/test-certificates.sh").standardizedFileURL.path
            let result = try await Subprocess.run(
                .path(FilePath(script)),
                arguments: [folder],
                input: .none,
                output: .discarded,
                error: .string(limit: 1 << 16)
            )
            guard case .exited(0) = result.terminationStatus else {
                throw Failure(message: result.standardError)
            }
            // Arrays, as the leak detection does not find what a `Data` refers to.
            var files: [String: [UInt8]] = [:]
            for name in try FileManager.default.contentsOfDirectory(atPath: folder) {
                files[name] = Array(try Data(contentsOf: URL(filePath: "\(folder)/\(name)")))
            }
            return files
        }
    }
}
