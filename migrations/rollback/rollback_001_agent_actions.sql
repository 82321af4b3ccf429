-- Deletes every recorded agent action. The topic keeps what it still retains: a consumer group that starts over reads it again.

DROP TABLE IF EXISTS agent_actions;
