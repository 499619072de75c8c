# The image of the web, housekeeping, migrate and backup services (docker-compose.yml). Only what runs goes in:
# .dockerignore. Its Python is the one that everything is locked, tested and measured with. The base is pinned to one
# release; whoever builds for others adds the digest (docs/operations.md, "Images").
FROM python:3.11.14-slim-bookworm AS build
ENV PYTHONDONTWRITEBYTECODE=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH
COPY requirements.txt .
RUN pip install --require-hashes --requirement requirements.txt
WORKDIR /srv/chatline
COPY . .
ENV CHATLINE_STATIC_ROOT=/srv/static
RUN python -m scripts.catalogues \
 && python manage.py collectstatic --no-input --verbosity 0 \
 && rm -r scripts \
 && pip uninstall --yes pip

FROM python:3.11.14-slim-bookworm
# A number, so that no name has to be looked up; the root of the file system is read-only besides (docker-compose.yml).
# PostgreSQL's own programs are for `manage.py backup`, of the database's major version.
RUN apt-get update \
 && apt-get install --yes --no-install-recommends postgresql-client-15 \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin chatline
COPY --from=build /opt/venv /opt/venv
COPY --from=build /srv /srv
ENV PATH=/opt/venv/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 \
    CHATLINE_STATIC_ROOT=/srv/static CHATLINE_DATA_DIR=/nowhere
WORKDIR /srv/chatline
USER 10001:10001
EXPOSE 8000
CMD ["uvicorn", "--version"]
