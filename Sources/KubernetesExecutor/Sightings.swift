internal import ChangeModel

/// What was read last, so that what was just looked at is not asked for again: prechecks and before-state speak of one
/// sighting, the first attempt to change it is conditional on that version, and after-state is what the wait ended with.
/// A list is noted as an array.
final class Sightings {
    enum Purpose { case beforeState, mutation, afterState }

    private var seen: [ResourceAddress: (object: JSONValue?, purpose: Purpose)] = [:]

    func note(_ object: JSONValue?, at address: ResourceAddress, for purpose: Purpose) {
        seen[address] = (object, purpose)
    }

    /// What was seen last at that address for that purpose, once: the second asker looks anew. nil inside: there was no object.
    func take(_ address: ResourceAddress, for purpose: Purpose) -> JSONValue?? {
        guard let sighting = seen[address], sighting.purpose == purpose else { return nil }
        seen[address] = nil
        return .some(sighting.object)
    }

    func forget() { seen = [:] }
}
