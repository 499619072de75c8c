# The image of the web, housekeeping and migrate services (docker-compose.yml). Only what runs goes in: .dockerignore.
FROM python:3.13-slim-bookworm AS build
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
 && rm -r scripts

FROM python:3.13-slim-bookworm
# A number, so that no name has to be looked up; the root of the file system is read-only besides (docker-compose.yml).
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin chatline
COPY --from=build /opt/venv /opt/venv
COPY --from=build /srv /srv
ENV PATH=/opt/venv/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 \
    CHATLINE_STATIC_ROOT=/srv/static CHATLINE_DATA_DIR=/nowhere
WORKDIR /srv/chatline
USER 10001:10001
EXPOSE 8000
CMD ["uvicorn", "--version"]
