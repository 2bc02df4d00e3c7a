internal import ChangeModel
internal import Runner

/// What an operation works with: the API, what is known of it, and what comes from outside this executor.
struct ClusterSession {
    let client: APIClient
    let discovery: Discovery
    let sightings: Sightings
    /// nil: there is nothing that could open a stream into a Pod.
    let streams: (any PodStreams)?
    /// Keys the hashes that are recorded of values and of whole objects.
    let key: EvidenceKey
    /// Seconds since 1970-01-01T00:00:00Z.
    let now: () -> Int64
    /// Seconds to wait for what was changed to take effect.
    let convergenceTimeout: Int

    /// The object as it was seen for this purpose already, or as it is; nil when there is none.
    func look(at address: ResourceAddress, for purpose: Sightings.Purpose) throws(ExecutionError) -> JSONValue? {
        if let seen = sightings.take(address, for: purpose) { return seen }
        return try client.find(address)
    }
}

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
