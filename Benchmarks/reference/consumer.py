"""What people write today: aiokafka, asyncpg's executemany, a hundred rows a batch. No dead letters, no health, no redaction.

    consumer.py TOPIC COUNT     reads COUNT records into agent_actions; OMNIBASE_INFRA_DB_URL, KAFKA_BOOTSTRAP_SERVERS
"""

import asyncio
import datetime
import json
import os
import sys
import uuid

import aiokafka
import asyncpg

BATCH = 100
COLUMNS = (
    "id", "correlation_id", "agent_name", "action_type", "action_name", "created_at", "status", "duration_ms", "result",
    "error_message", "project_path", "project_name", "working_directory", "metadata",
)
INSERT = (
    f"INSERT INTO agent_actions ({', '.join(COLUMNS)}) "
    f"VALUES ({', '.join(f'${n + 1}' for n in range(len(COLUMNS)))}) ON CONFLICT DO NOTHING"
)


def row(value):
    event = json.loads(value)
    event["id"] = uuid.UUID(event["id"])
    event["correlation_id"] = uuid.UUID(event["correlation_id"])
    event["created_at"] = datetime.datetime.fromisoformat(event["created_at"])
    event["metadata"] = json.dumps(event.get("metadata", {}))
    return [event.get(name) for name in COLUMNS]


async def main(topic, count):
    database = await asyncpg.connect(os.environ["OMNIBASE_INFRA_DB_URL"])
    consumer = aiokafka.AIOKafkaConsumer(
        topic, bootstrap_servers=os.environ["KAFKA_BOOTSTRAP_SERVERS"], group_id=f"reference-{uuid.uuid4()}",
        auto_offset_reset="earliest", enable_auto_commit=False, max_partition_fetch_bytes=1 << 30)
    await consumer.start()
    done = 0
    while done < count:
        for records in (await consumer.getmany(timeout_ms=1000, max_records=BATCH)).values():
            await database.executemany(INSERT, [row(record.value) for record in records])
            done += len(records)
        await consumer.commit()
    await consumer.stop()
    await database.close()


asyncio.run(main(sys.argv[1], int(sys.argv[2])))
