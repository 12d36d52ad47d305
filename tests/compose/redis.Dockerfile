# Stands in for the official image of this name where no registry is reached: Debian's Redis, open to its network alone.
FROM podium-test/debian:13
RUN apt-get update && apt-get install -y --no-install-recommends redis-server && rm -rf /var/lib/apt/lists/*
USER redis
WORKDIR /tmp
ENTRYPOINT ["/bin/sh", "-c", "exec \"$@\" --protected-mode no --bind 0.0.0.0", "--"]
