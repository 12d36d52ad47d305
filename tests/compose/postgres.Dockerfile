# Stands in for the official image of this name where no registry is reached: Debian's PostgreSQL, the same settings.
FROM podium-test/debian:13
RUN mkdir -p /etc/postgresql-common && echo 'create_main_cluster = false' > /etc/postgresql-common/createcluster.conf \
 && apt-get update && apt-get install -y --no-install-recommends postgresql-17 && rm -rf /var/lib/apt/lists/*
ENV PATH=/usr/lib/postgresql/17/bin:/usr/bin:/bin PGDATA=/var/lib/postgresql/data
STOPSIGNAL SIGINT
COPY postgres-entrypoint /usr/local/bin/
ENTRYPOINT ["/usr/local/bin/postgres-entrypoint"]
