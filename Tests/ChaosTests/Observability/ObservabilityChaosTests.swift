import OnexCore
import ProcessTestSupport
import Testing

/// Faults of `agent-actions-consumer`, its group and its database under load, on the built executable. `make chaos` runs the full length.
@Suite(.serialized, .timeLimit(.minutes(60))) struct ObservabilityChaosTests {
  /// Every insert takes some time, so that something is always under way when a fault comes.
  private static let slow = """
    CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.01); RETURN NULL; END $$;

    """
    + ObservedTable.allCases.map {
      "CREATE TRIGGER slow BEFORE INSERT ON \($0.rawValue) FOR EACH STATEMENT EXECUTE FUNCTION slow();"
    }.joined(separator: "\n")

  @Test(arguments: ConsumerPlan.Scenario.allCases)
  func everyReportIsStoredOnceOrPutAside(_ scenario: ConsumerPlan.Scenario) async throws {
    let length = try ChaosLength.fromEnvironment(rounds: 4, seconds: 2)
    let plan = ConsumerPlan(scenario, length)
    let title = "observability chaos: \(scenario) with seed \(length.seed), \(plan.faults.count) faults"
    Announcement.say(title)
    try await ConsumerStack.with(script: ObservabilityChaosTests.slow) { stack in
      let run = ConsumerRun(stack, seed: length.seed)
      try await run.execute(plan)
      let record = try await run.expectSound(title)
      Announcement.say(
        "\(title): \(record.sent.count) reports, \(record.rows.count) rows, \(record.letters.count) dead letters")
      #expect(!record.rows.isEmpty && !record.letters.isEmpty)
      guard scenario == .kills else { return }
      let before = try await StorageRecord.digests(stack)
      try await stack.replay()
      #expect(try await StorageRecord.digests(stack) == before, "\(title): reading everything again changes nothing")
    }
  }

  /// Of a batch that fails again and again nothing may be missing after a crash, although records behind it were read and others stored.
  @Test func aFailedBatchIsNotOvertakenByTheNextCommit() async throws {
    let length = try ChaosLength.fromEnvironment()
    let title = "observability chaos: a failed batch with seed \(length.seed)"
    Announcement.say(title)
    try await ConsumerStack.with(["OMNIBASE_INFRA_AGENT_ACTIONS_CIRCUIT_BREAKER_RESET_TIMEOUT": "1"]) { stack in
      let run = ConsumerRun(stack, seed: length.seed)
      // Nothing that a row could be blamed for: every other one may not be written by anybody.
      try await stack.execute(
        """
        CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
          $$ BEGIN RAISE EXCEPTION 'not allowed to' USING ERRCODE = '42501'; END $$;
        CREATE TRIGGER refuse BEFORE INSERT ON agent_actions FOR EACH ROW WHEN (NEW.action_name ~ '[13579]$') EXECUTE FUNCTION refuse();
        """)
      try await run.load.send(200)
      try await stack.untilUnready("DATABASE_REFUSES_WRITES")
      try await run.load.send(400)
      let others = try await stack.ends().filter { $0.key.topic != ObservedTable.agentActions.topic }
      _ = try await TestEnvironment.eventually("what is behind the failed batch is committed", within: .seconds(60)) {
        try await stack.committed(nil, others.keys) == others ? true : nil
      }
      try await stack.kill(pick: 0, downtime: .zero)
      try await stack.untilUnready("DATABASE_REFUSES_WRITES")
      try await stack.execute("DROP TRIGGER refuse ON agent_actions")
      try await stack.untilSettled()
      try await run.expectSound(title)
    }
  }

  @Test func anIdleConsumerIsReadyAndRemovesOldRows() async throws {
    // Far above what a busy machine may keep the consumer from its work.
    let staleness = [
      "OMNIBASE_INFRA_AGENT_ACTIONS_HEALTH_CHECK_STALENESS_SECONDS": "4",
      "OMNIBASE_INFRA_AGENT_ACTIONS_HEALTH_CHECK_POLL_STALENESS_SECONDS": "4",
    ]
    let rows = ["40 days", "29 days"].map { age in
      """
      INSERT INTO agent_actions (id, correlation_id, agent_name, action_type, action_name, created_at)
        VALUES (gen_random_uuid(), gen_random_uuid(), 'a', 'b', '\(age)', now() - interval '\(age)');
      INSERT INTO agent_execution_logs (execution_id, correlation_id, agent_name, status, created_at, updated_at)
        VALUES (gen_random_uuid(), gen_random_uuid(), '\(age)', 'failed', now() - interval '\(age)', now() - interval '\(age)');
      """
    }
    try await ConsumerStack.with(staleness, script: rows.joined()) { stack in
      // Ready throughout, for longer than the limits.
      let clock = SystemClock()
      let end = clock.uptime() + .seconds(9)
      while clock.uptime() < end {
        let ready = try await stack.get("/ready")
        #expect(ready?.status == 200, "\(String(describing: ready?.body))")
        let health = try await stack.get("/health")
        #expect(health?.status == 200, "\(String(describing: health?.body))")
        try await clock.sleep(for: .milliseconds(100))
      }
      _ = try await TestEnvironment.eventually("rows of 40 days are gone") {
        try await stack.names(
          "SELECT action_name AS name FROM agent_actions UNION ALL SELECT agent_name FROM agent_execution_logs")
          == ["29 days", "29 days"] ? true : nil
      }
    }
  }
}
