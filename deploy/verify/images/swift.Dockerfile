# Stands in for the registry's swift:6.3.1-bookworm: Debian and what the toolchain needs of it. The toolchain itself is the installed
# one, mounted at its own path while the image is built.
FROM localhost/debian:bookworm-slim
ARG TOOLCHAIN
RUN apt-get update \
    && apt-get install -y --no-install-recommends \
      binutils binutils-gold ca-certificates git g++ libc6-dev libcurl4 libedit2 libgcc-12-dev libncurses6 libpython3.11 libsqlite3-0 \
      libstdc++-12-dev libxml2 libz3-4 pkg-config tzdata zlib1g-dev \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/*
ENV PATH=${TOOLCHAIN}/usr/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
