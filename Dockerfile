# Two stages: pip and its traces stay behind. Root, because the runner's file commands need it; exec form, because a
# shell would swallow signals and drop inputs with a hyphen in their name.
FROM python:3.13-slim AS build
COPY requirements.txt /tmp/requirements.txt
RUN python -m venv /opt/venv \
 && /opt/venv/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r /tmp/requirements.txt \
 && /opt/venv/bin/pip uninstall --yes pip

FROM python:3.13-slim
LABEL org.opencontainers.image.title="Galleria Action" \
      org.opencontainers.image.description="Publish a photo gallery to S3-compatible storage" \
      org.opencontainers.image.licenses="MIT"
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1
COPY --from=build /opt/venv /opt/venv
COPY entrypoint.py LICENSE /app/
COPY schemas /app/schemas
COPY galleria_action /app/galleria_action
# The base image ships no byte code, and a container throws away what it compiles: without this every start would
# compile the standard library anew.
RUN python -m compileall -q /app \
 && PYTHONPATH=/app python -c 'import galleria_action.__main__, boto3, jsonschema, jsonschema_rs, obstore.store, yaml; \
    boto3.client("s3", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")'
WORKDIR /github/workspace
ENTRYPOINT ["python", "/app/entrypoint.py"]
