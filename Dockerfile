# All that labs need. Build: docker build --tag hopcheck . · run, in the folder of a project:
#   docker run --rm --privileged --volume "$PWD:/project" hopcheck run hopcheck --director hopcheck.yaml
FROM node:22-bookworm-slim
COPY . /opt/hopcheck
RUN node /opt/hopcheck/src/setup.mjs \
  && ln -s /opt/hopcheck/dist/cli/main.js /usr/local/bin/hopcheck \
  && chmod +x /opt/hopcheck/dist/cli/main.js \
  && rm -rf /var/lib/apt/lists/*
WORKDIR /project
ENTRYPOINT ["hopcheck"]
