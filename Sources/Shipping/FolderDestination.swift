internal import OperatingSystem

/// A folder on this machine's disks, or on whatever is mounted there. A shipment comes into it whole, under its name, and
/// never over another one.
public final class FolderDestination: ShipmentDestination, ShipmentSource {
    public let name: String
    private let path: String

    /// - Parameter name: for people; nil: the path.
    public init(_ path: String, name: String? = nil) {
        self.path = path
        self.name = name ?? path
    }

    /// Makes the folder where it is missing, and takes away what shippers that were killed left unfinished.
    public func prepare() throws(ShippingError) {
        try system { () throws(SystemError) in
            try Files.createDirectory(path)
            let unfinished = try Files.list(path, limit: ShipmentInventory.maximumCount).filter(Files.isTemporary)
            for target in Set(unfinished.compactMap { $0.split(separator: ".agentsafe-").first }) {
                Files.removeAbandoned(beside: "\(path)/\(target)")
            }
            // What another shipper has just put there shall stay.
            try Files.sync(folder: path)
        }
    }

    public func inventory() throws(ShippingError) -> ShipmentInventory {
        do throws(SystemError) {
            let names = try Files.list(path, limit: ShipmentInventory.maximumCount)
            return ShipmentInventory(names: names.filter { !Files.isTemporary($0) })
        } catch {
            if error.isMissing {
                throw ShippingError(.failed, "there is no folder `\(name)`; check its name, and whether it is mounted")
            }
            throw ShippingError(.failed, error.description)
        }
    }

    public func read(_ height: Int) throws(ShippingError) -> ShipmentContent {
        let file = "\(path)/\(Shipment.name(height))"
        switch Files.kind(file) {
        case nil: return .nothing
        case .file: break
        case .symbolicLink: return .impossible("it is a symbolic link")
        case .directory: return .impossible("it is a folder")
        case .other: return .impossible("it is no plain file")
        }
        do throws(SystemError) {
            return .bytes(try Files.readPlain(file, limit: Shipment.maximumSize))
        } catch {
            if error.isTooLarge { return .impossible("it has more than \(Shipment.maximumSize >> 20) MiB") }
            throw ShippingError(.failed, error.description)
        }
    }

    public func confirm(_ shipment: Shipment) throws(ShippingError) { try compare(shipment) }

    public func add(_ shipment: Shipment) throws(ShippingError) -> ShipmentAddition {
        do throws(SystemError) {
            try Files.createAtomically("\(path)/\(shipment.name)", shipment.bytes, mode: 0o444)
            return .stored
        } catch {
            guard error.isExisting else { throw ShippingError(.failed, error.description) }
            try compare(shipment)
            return .alreadyThere
        }
    }

    private func system(_ body: () throws(SystemError) -> Void) throws(ShippingError) {
        do { try body() } catch { throw ShippingError(.failed, error.description) }
    }
}
