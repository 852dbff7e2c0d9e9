internal import Glibc
internal import SystemPackage
internal import Taskwire

/// A file with certificates or a key in PEM (RFC 7468).
package struct PEMFile: Sendable {
    /// Where it was read.
    package let path: String
    /// What it says.
    let text: String

    /// Certificates and keys are smaller than this.
    private static let maximumByteCount = 4 << 20

    /// Reads a file with certificates.
    /// - Throws: ``TransportError`` that names the file and says why it cannot be used.
    package init(certificatesAt path: String) throws(TransportError) {
        try self.init(path, isSecret: false)
    }

    /// Reads a file with a key, which only its owner and group may be able to read.
    /// - Throws: ``TransportError`` that names the file and says why it cannot be used.
    package init(keyAt path: String) throws(TransportError) {
        try self.init(path, isSecret: true)
    }

    private init(_ path: String, isSecret: Bool) throws(TransportError) {
        let content: ConfidentialFile
        do throws(ConfidentialFile.Fault) {
            content = try ConfidentialFile(path: path, maximumByteCount: Self.maximumByteCount)
        } catch .system(let error) {
            throw TransportError(errno: error.rawValue, action: "Reading \(path)")
        } catch {
            throw TransportError(code: .addressInvalid, message: "\(path) cannot be used: \(error).")
        }
        guard !isSecret || !content.isReadableByOthers else {
            throw TransportError(
                code: .permissionDenied,
                message:
                    "\(path) holds a key and can be read by everybody; take that right away with chmod o-rwx."
            )
        }
        let text = String(validating: content.bytes, as: UTF8.self)
        guard let text, !text.utf8.contains(0), text.contains("-----BEGIN ") else {
            throw TransportError(code: .addressInvalid, message: "\(path) is not in PEM.")
        }
        self.path = path
        self.text = text
    }
}
