# Two images of `amgctl reconcile`; docs/reconcile.md says how they are run.
#
#   docker build -t amgctl .                     the program and certificates, nothing else
#   docker build -t amgctl:git --target git .    with git and ssh, for --pull, and with curl and jq, for CI
#
# Both run as a user without a name, and write nothing: their file system can be mounted read-only.

# On Alpine the program is linked statically, so it runs on nothing.
FROM rust:1.94.1-alpine AS build
RUN apk add --no-cache musl-dev gcc make ca-certificates
WORKDIR /src
COPY . .
RUN cargo build --locked --profile release-dist --bin amgctl

FROM alpine:3 AS git
RUN apk add --no-cache ca-certificates curl git jq openssh-client
COPY --from=build /src/target/release-dist/amgctl /usr/local/bin/amgctl
USER 65532:65532
# git and ssh look for their settings there; nothing has to be there.
ENV HOME=/tmp
ENTRYPOINT ["/usr/local/bin/amgctl"]
CMD ["reconcile", "/repo", "--pull"]

FROM scratch AS program
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /src/target/release-dist/amgctl /amgctl
USER 65532:65532
ENTRYPOINT ["/amgctl"]
CMD ["reconcile", "/repo"]
