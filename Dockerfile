# syntax=docker/dockerfile:1
FROM --platform=$BUILDPLATFORM golang:1.26 AS build
ARG TARGETOS TARGETARCH
WORKDIR /src
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/go/pkg/mod go mod download
COPY . .
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH \
    go build -trimpath -ldflags '-s -w' -o /out/tipoff ./cmd/tipoff
# The final image has no shell to make the folder with, and a new volume takes
# its owner from the folder that it is mounted on.
RUN mkdir /out/data

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /out/tipoff /usr/local/bin/tipoff
COPY --from=build --chown=65532:65532 /out/data /data
COPY config.yaml /etc/tipoff/config.yaml
# The archive, and whatever else the config names by a relative path, is here.
WORKDIR /data
VOLUME /data
# Inside a container loopback reaches nobody; publish the port with care.
ENV TIPOFF_LISTEN=0.0.0.0:8080
EXPOSE 8080
USER 65532:65532
ENTRYPOINT ["/usr/local/bin/tipoff", "--config", "/etc/tipoff/config.yaml"]
CMD ["run"]
