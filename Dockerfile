# Two stages: pip and its traces stay behind. Root, because the runner's file commands need it; exec form, because a
# shell would swallow signals and drop inputs with a hyphen in their name.
FROM python:3.13-slim AS build
COPY requirements.txt /tmp/requirements.txt
# botocore describes some 440 services, of which only S3 and AWS's ways to sign in are used. The tests of the image prove
# that they are enough.
RUN python -m venv /opt/venv \
 && /opt/venv/bin/pip install --no-cache-dir --no-compile --disable-pip-version-check --require-hashes \
    -r /tmp/requirements.txt \
 && /opt/venv/bin/pip uninstall --yes pip \
 && find /opt/venv/lib/python*/site-packages/botocore/data -mindepth 1 -maxdepth 1 -type d \
    ! -name s3 ! -name sts ! -name sso ! -name sso-oidc -exec rm -r {} +

FROM python:3.13-slim
LABEL org.opencontainers.image.title="Galleria Action" \
      org.opencontainers.image.description="Publish a photo gallery to S3-compatible storage" \
      org.opencontainers.image.licenses="MIT"
# With an arena for each thread, glibc keeps the photos that each has held: two of them take a quarter less at the peak.
ENV PATH=/opt/venv/bin:$PATH MALLOC_ARENA_MAX=2
COPY --from=build /opt/venv /opt/venv
COPY entrypoint.py LICENSE /app/
COPY schemas /app/schemas
COPY galleria_action /app/galleria_action
# The base image ships no byte code, and a container throws away what it compiles: so compile here what a run imports,
# by importing it. The link is for CIs that run commands in the container instead of its entrypoint.
RUN python -m compileall -q /app \
 && PYTHONPATH=/app python -c 'import galleria_action.run, boto3, click, jinja2, jsonschema, jsonschema_rs, msgspec, urllib3, yaml; \
    boto3.client("s3", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="y")' \
 && ln -s /app/entrypoint.py /usr/local/bin/galleria-action
WORKDIR /github/workspace
# By its full path and without Python's variables: a job may set PATH or PYTHONHOME to what suits the runner's machine.
ENTRYPOINT ["/opt/venv/bin/python", "-Eu", "/app/entrypoint.py"]
