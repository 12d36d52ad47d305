# One image for web, worker, coder and beat: compose.yaml says which of them a container is.
FROM debian:12-slim AS base
RUN apt-get update \
 && apt-get install -y --no-install-recommends python3 python3-venv ca-certificates bubblewrap \
 && rm -rf /var/lib/apt/lists/*

FROM base AS build
RUN python3 -m venv /opt/podium
WORKDIR /src
# The packages first: they change seldom, and this step is kept as long as these two files stay the same
COPY pyproject.toml ./
COPY .ci/constraints.txt ./.ci/
RUN python3 -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["project"]["dependencies"], sep="\n")' > needed.txt \
 && /opt/podium/bin/pip install --no-cache-dir --disable-pip-version-check -r needed.txt -c .ci/constraints.txt
COPY . .
RUN /opt/podium/bin/pip install --no-cache-dir --disable-pip-version-check --no-deps .

FROM base
RUN useradd --system --uid 10001 --home-dir /data --shell /usr/sbin/nologin podium \
 && install -d -o podium -g podium -m 700 /data
COPY --from=build /opt/podium /opt/podium
COPY manage.py /app/
WORKDIR /data
ENV PATH=/opt/podium/bin:/app:/usr/bin:/bin PODIUM_DATA_DIR=/data PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER podium
EXPOSE 8000
CMD ["manage.py", "up", "--only", "web", "--bind", "0.0.0.0"]
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s CMD ["python3", "-m", "podium.core.healthy", "web"]
