# The image: one static program, the plugins, and nothing else. `buildah build --tag quintant .`
#
# Pin the builder for what you publish: `--build-arg RUST_IMAGE=docker.io/library/rust:1.95-bookworm@sha256:…`
ARG RUST_IMAGE=docker.io/library/rust:1.95-bookworm

FROM ${RUST_IMAGE} AS build
WORKDIR /src
COPY . .
RUN cargo xtask plugins
# The flag is for the program alone: given to all, it would keep procedural macros from being built.
RUN cargo rustc --locked --release --package quintant --bin quintant -- -C target-feature=+crt-static -C strip=debuginfo
# Sources are trusted by the system's certificates.
RUN mkdir -p /image/etc/ssl/certs /image/plugins \
 && cp target/release/quintant LICENSE /image/ \
 && cp target/plugins/*.wasm /image/plugins/ \
 && cp --dereference /etc/ssl/certs/ca-certificates.crt /image/etc/ssl/certs/

FROM scratch AS runtime
COPY --from=build /image/ /
USER 1000:1000
EXPOSE 8000
ENTRYPOINT ["/quintant"]
CMD ["serve", "--config", "/config/quintant.toml"]
