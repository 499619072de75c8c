"""Every dangerous configuration by its number, with a hint (docs/configuration.md, "Checks").

An E keeps the web server from starting; a W is told. Numbers are never used again for something else.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable

from django.core.checks import CheckMessage, Error, Warning

FINDINGS: dict[str, tuple[str, str]] = {
    "chatline.E001": (
        "The master key file does not exist.",
        "Create it: manage.py create_keys. If conversations are open, put the old file back.",
    ),
    "chatline.E002": ("The master key file can be read by others than its owner.", "chmod 600 the file."),
    "chatline.E003": ("CHATLINE_DEMO is on.", "Demo accounts have known passwords. Unset it."),
    "chatline.E004": ("CHATLINE_DEBUG is on.", "Error pages would show what people wrote. Unset it."),
    "chatline.E005": (
        "Text and keys are in the same database.",
        "Give KEYS_DATABASE_URL a database of its own that is never backed up.",
    ),
    "chatline.E006": (
        "The secret key is missing or too simple: whoever guesses it signs in as anybody.",
        "Give CHATLINE_SECRET_KEY 50 random characters or more: deploy/make-secrets does.",
    ),
    "chatline.W007": (
        "The master key lies in the folder of the database: whoever copies the folder can read everything.",
        "Move it and set CHATLINE_MASTER_KEY_FILE.",
    ),
    "chatline.E008": (
        "CHATLINE_HOSTS allows any host name.",
        "Name the installation's own: links and origins are trusted by it.",
    ),
    "chatline.E009": (
        "The static files are not collected: no page can be shown.",
        "manage.py collectstatic --no-input, with the same CHATLINE_STATIC_ROOT.",
    ),
    "chatline.E010": (
        "The server writes an access log: addresses and times of visitors.",
        "uvicorn: --no-access-log --log-config deploy/logging.json. daphne: --verbosity 0, no --access-log.",
    ),
    "chatline.W011": (
        "CHATLINE_HTTPS is off: session cookies go over the wire in clear.",
        "Only behind nothing but this machine, or an onion service.",
    ),
    "chatline.W012": (
        "CHATLINE_TRUSTED_PROXIES is 0 with https: all visitors share one pseudonym, and forms are refused.",
        "Set it to the number of your own proxies in front, 1 with the shipped one.",
    ),
    "chatline.E013": (
        "The server listens openly, without a proxy in front and without TLS.",
        "Listen on 127.0.0.1 or an inner network behind a proxy, and set CHATLINE_TRUSTED_PROXIES.",
    ),
    "chatline.E014": (
        "A part of the server has a log of its own, which may hold addresses.",
        "uvicorn: --log-config deploy/logging.json.",
    ),
    "chatline.E015": (
        "CHATLINE_METRICS_TOKEN is short: it can be guessed.",
        "24 random characters or more.",
    ),
    "chatline.E016": (
        "CHATLINE_STAFF_HOSTS leaves no host name for visitors.",
        "Name the visitors' host in CHATLINE_HOSTS, and the staff's in CHATLINE_STAFF_HOSTS.",
    ),
    "chatline.E020": ("PostgreSQL writes statements to its log.", "log_statement=none"),
    "chatline.E021": ("PostgreSQL writes failed statements to its log.", "log_min_error_statement=panic"),
    "chatline.E022": (
        "PostgreSQL writes slow or sampled statements to its log.",
        "log_min_duration_statement=-1, log_min_duration_sample=-1, log_transaction_sample_rate=0, no auto_explain.",
    ),
    "chatline.E023": ("PostgreSQL writes parameters to its log.", "log_parameter_max_length_on_error=0"),
    "chatline.W024": (
        "PostgreSQL writes connections to its log: the coming and going of the service.",
        "log_connections=off, log_disconnections=off",
    ),
    "chatline.E025": ("PostgreSQL writes the values of failed rows to its log.", "log_error_verbosity=terse"),
    "chatline.E026": (
        "PostgreSQL may lose what it has committed: an acknowledged message would be gone.",
        "fsync=on, full_page_writes=on, synchronous_commit=on",
    ),
    "chatline.E028": (
        "SQLite may lose what it has committed: an acknowledged message would be gone.",
        "PRAGMA synchronous=FULL",
    ),
    "chatline.E029": (
        "The key store keeps copies of keys that were destroyed.",
        "PRAGMA journal_mode=DELETE and PRAGMA secure_delete=ON",
    ),
    "chatline.E030": (
        "The key store archives its write-ahead log: destroyed keys live on in it.",
        "archive_mode=off on the key store's server.",
    ),
    "chatline.E031": (
        "A database is reached over a public address without TLS.",
        "An inner network, or sslmode=verify-full in its address.",
    ),
    "chatline.E032": (
        "Redis is reached over a public address without TLS.",
        "An inner network, or rediss:// in REDIS_URL.",
    ),
    "chatline.E033": (
        "Redis answers on a public address without a password.",
        "An inner network, or a password in REDIS_URL.",
    ),
    "chatline.W034": (
        "Redis writes to its disk.",
        'redis-server --save "" --appendonly no: wake-ups need not outlive a moment.',
    ),
    "chatline.W035": (
        "This machine's clock is more than ten minutes from the database's.",
        "Put the clocks right: login codes fail, and housekeeping refuses to purge.",
    ),
    "chatline.W036": ("This machine's clock is more than ten seconds from the database's.", "Put the clocks right."),
    "chatline.E037": (
        "The database is older than this version: tables or columns are missing.",
        "manage.py migrate, and manage.py migrate --database keys",
    ),
    "chatline.W038": (
        "A database or Redis could not be asked about its settings.",
        "Check again when it answers: manage.py check --deploy",
    ),
    "chatline.W039": (
        "uvicorn reads and writes websockets by its own class: one socket can fill the memory.",
        "--ws chatline.serving.web_protocol:BoundedWebSocket",
    ),
    "chatline.W040": (
        "Text and keys are two databases of one PostgreSQL server: one copy of its files holds both.",
        "Give KEYS_DATABASE_URL a server of its own that is never backed up.",
    ),
    "chatline.W041": (
        "The server listens openly, and believes whoever comes past the proxy when she says where she comes from.",
        "Listen on 127.0.0.1. Where only the proxy reaches it, as in docker-compose.yml: CHATLINE_INNER_NETWORK=1",
    ),
}


def finding(number: str, *, of: str = "") -> CheckMessage:
    """The message with this number. `of` names the store that it is about."""
    sentence, hint = FINDINGS[number]
    kind = Error if number.startswith("chatline.E") else Warning
    return kind(sentence, hint=hint, obj=of or None, id=number)


def say(messages: Iterable[CheckMessage]) -> None:
    """A log line each, by the logger of its number: chatline.E005, chatline.E020.key_store."""
    for message in messages:
        name = f"{message.id}.{message.obj}" if message.obj else str(message.id)
        logging.getLogger(name).log(message.level, message.msg)
