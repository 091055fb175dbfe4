# The images of logd (with logctl inside) and of the operator: `make build-docker`.
#
# The final images have no base image: they hold the program, the shared libraries that it links (glibc, libstdc++, zlib),
# CA certificates and the few files of /etc that glibc reads. hack/kube/image collects them, here and without an engine.
ARG SWIFT_IMAGE=swift:6.3-bookworm

FROM ${SWIFT_IMAGE} AS build
RUN apt-get update -qq \
  && apt-get install -y -qq --no-install-recommends \
    binutils ca-certificates libcurl4-openssl-dev libssl-dev libyaml-dev python3 zlib1g-dev \
  && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY Package.swift ./
COPY Sources Sources
# The manifest names the benchmarks and the test targets too, and the package manager wants their folders.
COPY Benchmarks Benchmarks
COPY Tests Tests
RUN swift build -c release --static-swift-stdlib --product logd \
  && swift build -c release --static-swift-stdlib --product logctl \
  && swift build -c release --static-swift-stdlib --product proglog-operator
COPY hack/kube/image hack/kube/image
RUN bin=$(swift build -c release --static-swift-stdlib --show-bin-path) \
  && mkdir -p /image/logd /image/operator \
  && hack/kube/image --strip --tag logd --entrypoint /usr/local/bin/logd \
    "$bin/logd:/usr/local/bin/logd" "$bin/logctl:/usr/local/bin/logctl" > /image/logd.tar \
  && hack/kube/image --strip --tag operator --entrypoint /usr/local/bin/proglog-operator \
    "$bin/proglog-operator:/usr/local/bin/proglog-operator" > /image/operator.tar \
  && for name in logd operator; do \
    tar -xOf /image/$name.tar --wildcards '*/layer.tar' | tar -xp -C /image/$name; \
  done

FROM scratch AS operator
COPY --from=build /image/operator /
ENV PATH=/usr/local/bin:/usr/bin:/bin
USER 65532:65532
EXPOSE 8081
ENTRYPOINT ["/usr/local/bin/proglog-operator"]

FROM scratch AS logd
COPY --from=build /image/logd /
ENV PATH=/usr/local/bin:/usr/bin:/bin
USER 65532:65532
EXPOSE 8400 8401 8401/udp 8080 8402
ENTRYPOINT ["/usr/local/bin/logd"]
