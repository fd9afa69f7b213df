# The agent's image: a Java runtime of its own, the jars, an AOT cache, and of an operating system the
# C library alone. No shell, no package manager. README.md, "Image", says how to build and verify it.
#
# Any image with Maven and JDK 25 on Debian or Ubuntu builds it, name@sha256:... too: pin the digest
# where builds must be the same again.
ARG BUILD_IMAGE=docker.io/library/maven:3-eclipse-temurin-25

# On the platform that the image is for, not on the builder's own: the linked runtime and the AOT cache
# are that machine's.
FROM ${BUILD_IMAGE} AS build
# More for Maven: -s FILE for a mirror, say, or -Dmaven.repo.local=DIR for a repository that is mounted.
ARG MAVEN_FLAGS=""
# The commit that is built; --version and the metrics say it.
ARG REVISION=unknown
# The time of every file, in seconds since 1970. Without it that of the pom. A builder that sets the files'
# times itself must set the same ones, or the AOT cache does not match its jars and is not used.
ARG SOURCE_DATE_EPOCH
WORKDIR /build
COPY LICENSE pom.xml ./
COPY src src
COPY syscall-tables syscall-tables
# Made at the place where it will be, by the runtime that will run it: an AOT cache is bound to the JVM,
# to its options, and to the paths, sizes and times of the jars.
RUN mvn -B -ntp ${MAVEN_FLAGS} -Dmaven.test.skip=true -Dsbom -Drevision="${REVISION}" \
      ${SOURCE_DATE_EPOCH:+"-Dproject.build.outputTimestamp=$(date -u -d "@${SOURCE_DATE_EPOCH}" +%Y-%m-%dT%H:%M:%SZ)"} \
      -Ddist.dir=/opt/seccomp-watch package \
    && cp LICENSE target/sbom.cdx.json /opt/seccomp-watch/ \
    && src/build/image/rootfs /opt/seccomp-watch /rootfs

# From nothing, with the build stage's own C library, and not from a "distroless" or "static" image:
# then the runtime meets the C library that it was trained with, one name has to be pinned and not
# two, and there is nothing to be updated that the agent does not use. Names and versions of what was
# taken are in /var/lib/dpkg/status.d, where scanners look; new ones come with a new build.
FROM scratch
ARG VERSION=0.1.0
ARG REVISION=unknown
ARG CREATED=""
ARG SOURCE=""
LABEL org.opencontainers.image.title="seccomp-watch" \
      org.opencontainers.image.description="Shows the seccomp denials that the kernel of a Kubernetes node writes down, and says which workload each came from." \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.source="${SOURCE}" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}"
# By how often they change: an upgrade of the agent pulls the last two.
COPY --from=build /rootfs/system/ /
COPY --from=build /rootfs/runtime/ /
COPY --from=build /rootfs/agent/ /
COPY --from=build /rootfs/cache/ /
# PATH is for people: kubectl exec POD -- java @/opt/seccomp-watch/lib/image.options doctor
# LANG has glibc's own UTF-8 locale: paths and messages are more than ASCII.
ENV PATH=/opt/seccomp-watch/runtime/bin LANG=C.UTF-8
# Root, without any capability, reads auditd's log and the node's procfs; 65532 with group adm will do
# where the log is the group's.
USER 0:0
EXPOSE 9326
ENTRYPOINT ["/opt/seccomp-watch/runtime/bin/java", "@/opt/seccomp-watch/lib/image.options"]
CMD ["run"]
