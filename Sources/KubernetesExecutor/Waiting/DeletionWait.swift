internal import ChangeModel
internal import Runner

/// Waits until an object that was told to go is gone; one that was made anew under its name counts as gone.
struct DeletionWait {
    let session: ClusterSession
    let address: ResourceAddress
    let uid: String?

    /// - Parameter describe: what it still waits for, from the object.
    /// - Throws: with `mayHaveBeenApplied`, for the deletion is done.
    func run(progress: @escaping (String) -> Void, describe: (JSONValue) -> String) throws(ExecutionError) {
        var time = WaitingTime(session: session, limit: session.convergenceTimeout)
        var say = ProgressLine(progress)
        while true {
            var news: String
            do throws(ExecutionError) {
                guard let object = try session.client.find(address), object.uid == uid else {
                    session.sightings.note(nil, at: address, for: .afterState)
                    return
                }
                news = describe(object)
            } catch  where error.code == .unreachable {
                news = "the API server does not answer, asking again"
            } catch {
                throw ExecutionError(code: error.code, message: error.message, mayHaveBeenApplied: true)
            }
            say("\(address): \(news)")
            guard !time.isOver else {
                throw ExecutionError(
                    code: .notConverged,
                    message:
                        "\(address) was told to go and is still there after \(time.limit) s: \(news); look what holds "
                        + "it, it will go on by itself",
                    mayHaveBeenApplied: true)
            }
            time.sleep()
        }
    }
}
