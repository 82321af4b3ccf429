# Stands in for Redpanda: the development broker, which keeps its data in memory. It tells its clients the address that it listens
# on, so that is the container's own.
FROM localhost/debian:bookworm-slim
COPY noida-db /usr/local/bin/noida-db
USER 1000:1000
CMD ["sh", "-c", "exec noida-db start --only kafka --host \"$(hostname -i)\" --kafka-port 9092 --data-dir /tmp/broker"]
