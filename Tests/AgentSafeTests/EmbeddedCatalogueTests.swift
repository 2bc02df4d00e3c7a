import EmbeddedCatalogue
import OperatingSystem
import Testing

@Suite("Embedded catalogue")
struct EmbeddedCatalogueTests {
    private static let folders = ["actions", "policies", "templates/governance", "templates/plans", "templates/solo"]
    private static let root = Files.parent(of: Files.parent(of: Files.parent(of: #filePath)))

    @Test("holds exactly the files of its folder, byte for byte", arguments: folders)
    func mirrorsFolder(folder: String) throws {
        let expected = try Self.paths(under: folder).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        let files = EmbeddedCatalogue.files(under: folder)
        #expect(!files.isEmpty)
        #expect(files.map(\.path) == expected)
        for file in files { #expect(try file.bytes == Files.read("\(Self.root)/\(file.path)"), "\(file.path)") }
    }

    @Test("holds nothing from elsewhere")
    func holdsNothingElse() {
        let count = Self.folders.map { EmbeddedCatalogue.files(under: $0).count }.reduce(0, +)
        #expect(EmbeddedCatalogue.files.count == count)
    }

    @Test("keeps hidden files")
    func keepsHiddenFiles() {
        #expect(EmbeddedCatalogue.file("templates/governance/.gitattributes") != nil)
    }

    @Test(
        "gives a file by its whole path alone",
        arguments: ["scale-deployment.yaml", "actions", "actions/", "", "/actions/update-image.yaml"])
    func wantsWholePaths(path: String) {
        #expect(EmbeddedCatalogue.file(path) == nil)
        #expect(EmbeddedCatalogue.file("actions/update-image.yaml") != nil)
    }

    @Test("takes a folder's name whole: `act` is not `actions`")
    func takesFolderNamesWhole() {
        #expect(EmbeddedCatalogue.files(under: "act").isEmpty)
        #expect(EmbeddedCatalogue.files(under: "actions/") == EmbeddedCatalogue.files(under: "actions"))
        #expect(EmbeddedCatalogue.files(under: "actions").count == 33)
    }

    private static func paths(under folder: String) throws -> [String] {
        try Files.list("\(root)/\(folder)").flatMap { name -> [String] in
            let path = "\(folder)/\(name)"
            return Files.kind("\(root)/\(path)") == .directory ? try paths(under: path) : [path]
        }
    }
}
