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
