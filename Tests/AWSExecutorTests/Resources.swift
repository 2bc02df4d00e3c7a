import Foundation

enum VectorFile {
    static let path = Bundle.module.path(
        forResource: "header-signing", ofType: "json", inDirectory: "Vectors")
}
