import OnexMigrations
import OnexPostgres
import Testing

@Suite struct DeploymentCheckTests {
  private func mismatch(_ id: String, _ cluster: String?, _ recordedCluster: String?) -> String? {
    DeploymentCheck.mismatch(
      RecordedDeployment(id: id, clusterID: cluster), recorded: RecordedDeployment(id: "blue", clusterID: recordedCluster))
  }

  @Test func theSameDeploymentOnTheSameClusterMayWork() {
    #expect(mismatch("blue", "k", "k") == nil)
    #expect(mismatch("blue", nil, "k") == nil, "a cluster without an id is not compared")
    #expect(mismatch("blue", "k", nil) == nil)
  }

  @Test func anotherDeploymentOrAnotherClusterIsToldWhatToDo() {
    for text in [mismatch("green", "k", "k"), mismatch("blue", "l", "k")] {
      #expect(text?.contains("onexctl deployment adopt") == true)
    }
    #expect(mismatch("blue", "l", "k")?.contains("\"l\"") == true)
  }
}
