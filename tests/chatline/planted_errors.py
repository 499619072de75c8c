"""All that could carry a text or an address to a log, done on purpose: `python -m tests.chatline.planted_errors`.

Between the cases stands a line of its own. With Python's own logging (LOUD=1) they leak; a test wants to see that.
"""

from __future__ import annotations

import asyncio
import faulthandler
import gc
import logging
import os
import sys
import threading
import traceback
import warnings
from collections.abc import Callable

TEXT = "Blåbærsyltetøy"
ADDRESS = "203.0.113.77"
SECRET = f"{TEXT} {ADDRESS}"

logger = logging.getLogger("intake.planted")


class Broken:
    def __del__(self) -> None:
        raise ValueError(SECRET)


class Shown:
    def __repr__(self) -> str:
        return SECRET


def raise_planted() -> None:
    secret = SECRET
    raise ValueError(secret)


def caught() -> ValueError:
    try:
        raise_planted()
    except ValueError as error:
        return error
    raise AssertionError


def in_a_message() -> None:
    logger.warning(f"She wrote {SECRET}")  # noqa: G004 - the mistake that is planted


def in_arguments() -> None:
    logger.warning("She wrote %s from %s.", TEXT, ADDRESS)
    logger.warning("She wrote %(text)s.", {"text": SECRET})


def in_an_object() -> None:
    logger.warning("An object: %r", [Shown()])


def in_wrong_arguments() -> None:
    logger.warning("Two %s and %s", SECRET)  # noqa: PLE1206 - the mistake that is planted


def in_extra() -> None:
    logger.warning(
        "Extra.", extra={"client": ADDRESS, "status": TEXT, "count": TEXT, "seconds": [SECRET], "request": SECRET}
    )


def in_an_exception() -> None:
    try:
        raise_planted()
    except ValueError:
        logger.exception("It failed.")


def in_a_cause() -> None:
    try:
        raise RuntimeError("harmless") from caught()
    except RuntimeError:
        logger.warning("It failed.", exc_info=True)


def in_a_context() -> None:
    try:
        try:
            raise_planted()
        finally:
            raise RuntimeError("harmless")
    except RuntimeError as error:
        logger.warning("It failed.", exc_info=error)


def in_a_note() -> None:
    error = RuntimeError("harmless")
    error.add_note(SECRET)
    logger.warning("It failed.", exc_info=error)


def in_a_group() -> None:
    logger.warning("They failed.", exc_info=ExceptionGroup(SECRET, [caught(), RuntimeError(SECRET)]))


def in_the_name_of_an_exception() -> None:
    made = type(TEXT, (LookupError,), {})
    logger.warning("It failed.", exc_info=made(SECRET))


def in_code_made_at_run_time() -> None:
    try:
        exec(compile("1 / 0", f"/{TEXT}/{ADDRESS}.py", "exec"))  # noqa: S102 - a file name that is planted
    except ZeroDivisionError:
        logger.warning("It failed.", exc_info=True)


def in_a_record() -> None:
    record = logging.LogRecord(f"a {TEXT}", logging.WARNING, f"/{ADDRESS}.py", 1, SECRET, (), None, func=TEXT)
    record.stack_info = SECRET
    logging.getLogger().handle(record)


def in_the_name_of_a_logger() -> None:
    logging.getLogger(f"{ADDRESS}.{TEXT}").warning("Hello.")


def in_a_warning() -> None:
    warnings.simplefilter("always")
    warnings.warn(SECRET, UserWarning, stacklevel=1)


def in_a_destructor() -> None:
    Broken()
    gc.collect()


def in_a_thread() -> None:
    thread = threading.Thread(target=raise_planted, name=SECRET)
    thread.start()
    thread.join()


def in_a_task() -> None:
    async def forget() -> None:
        async def fail() -> None:
            raise_planted()

        task = asyncio.create_task(fail(), name=SECRET)
        await asyncio.wait([task])
        del task
        gc.collect()

    asyncio.run(forget())


def in_an_event_loops_handler() -> None:
    async def call() -> None:
        asyncio.get_running_loop().call_exception_handler(
            {"message": SECRET, "exception": ValueError(SECRET), "peer": ADDRESS}
        )

    asyncio.run(call())


def on_the_error_stream() -> None:
    print(SECRET, file=sys.stderr)  # noqa: T201 - the mistake that is planted
    traceback.print_exception(caught())


def on_the_error_stream_of_a_thread() -> None:
    thread = threading.Thread(target=on_the_error_stream)
    thread.start()
    thread.join()


def in_the_words_of_the_server() -> None:
    for name in ("uvicorn.error", "uvicorn.access", "daphne", "django.request", "django.server", "axes", "websockets"):
        logging.getLogger(name).error('%s - "WebSocket %s" [accepted]', ADDRESS, f"/{TEXT}/")


def in_a_dump_of_all_threads() -> None:
    secret = SECRET
    faulthandler.dump_traceback(file=2, all_threads=True)
    del secret


CASES: list[Callable[[], None]] = [
    in_a_message,
    in_arguments,
    in_an_object,
    in_wrong_arguments,
    in_extra,
    in_an_exception,
    in_a_cause,
    in_a_context,
    in_a_note,
    in_a_group,
    in_the_name_of_an_exception,
    in_code_made_at_run_time,
    in_a_record,
    in_the_name_of_a_logger,
    in_a_warning,
    in_a_destructor,
    in_a_thread,
    in_a_task,
    in_an_event_loops_handler,
    on_the_error_stream,
    on_the_error_stream_of_a_thread,
    in_the_words_of_the_server,
    in_a_dump_of_all_threads,
    raise_planted,
]
HARMLESS = {"in_extra", "in_a_dump_of_all_threads"}
"""Python's own way leaks nothing in these."""


def main() -> None:
    if os.environ.get("LOUD"):
        logging.basicConfig(level="INFO")
    else:
        import django

        django.setup()
        from chatline.logs.quiet_errors import mute_streams

        mute_streams()
    for case in CASES:
        os.write(2, f"--- {case.__name__}\n".encode())
        case()


if __name__ == "__main__":
    main()
