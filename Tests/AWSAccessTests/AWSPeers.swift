import OperatingSystem

/// A Python with botocore and moto, which `Tests/run.sh` makes; without it these tests say that they are skipped.
enum AWSPeers {
    static let python: String? = {
        let path = Host.real().environment["AGENTSAFE_TEST_AWS_PYTHON"].flatMap {
            $0.isEmpty ? nil : $0
        }
        if path == nil {
            print("SKIPPED: tests against botocore and moto; set AGENTSAFE_TEST_AWS_PYTHON")
        }
        return path
    }()
}
