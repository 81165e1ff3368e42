"""Delivery of one alert: a request to the webhook, or a start of the user's command."""

import urllib.error
import urllib.request
from collections.abc import Sequence
from http.client import HTTPException, HTTPMessage
from typing import IO

from fttui import notify_command
from fttui.server.alerts.formats import request_of
from fttui.server.settings import COMMAND, Settings
from fttui.server.storage.alert_table import Alert
from fttui.text import clean_line
from fttui.webhook_url import is_allowed, is_loopback

TIMEOUT = 10.0
"""Seconds to wait for a connection, and for each part of the answer."""


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Redirects are not followed: the address is a secret, and text of jobs goes only where the user wants it."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> None:
        return None


def deliver(alert: Alert, settings: Settings, timeout: float = TIMEOUT) -> str:
    """Deliver an alert by its channel. Return why that failed; empty when it was delivered. Takes up to some seconds.

    The reason never contains the address.
    """
    if alert.channel == COMMAND:
        return _run(settings.notify_command, alert)
    return _post(settings.webhook, settings.webhook_format, alert, timeout)


def _run(command: Sequence[str], alert: Alert) -> str:
    job = {name: clean_line(str(value or "")) for name, value in alert.job.items()}
    alarm = alert.message if alert.event.startswith("alarm.") else ""
    variables = notify_command.environment(
        id=job.get("id", ""),
        status=job.get("status", ""),
        model=job.get("model", ""),
        suffix=job.get("suffix", ""),
        fine_tuned_model=job.get("fine_tuned_model", ""),
        alarm=alarm,
    )
    try:
        notify_command.start(command, variables)
    except (OSError, ValueError) as error:
        return f"the command cannot be started: {getattr(error, 'strerror', None) or error}"
    return ""


def _post(url: str, format: str, alert: Alert, timeout: float) -> str:
    if not is_allowed(url):
        return "the address is not allowed"
    body, headers = request_of(format, alert)
    request = urllib.request.Request(url, data=body, headers={"User-Agent": "fttui", **headers}, method="POST")
    handlers: list[urllib.request.BaseHandler] = [_NoRedirect()]
    if is_loopback(url):
        handlers.append(urllib.request.ProxyHandler({}))
    try:
        with urllib.request.build_opener(*handlers).open(request, timeout=timeout):
            return ""
    except urllib.error.HTTPError as error:
        error.close()
        moved = ", a redirect, which is not followed" if 300 <= error.code < 400 else ""
        return f"the webhook answered {error.code}{moved}"
    except TimeoutError:
        return f"no answer within {timeout:g} s"
    except urllib.error.URLError as error:
        return _reason_of(error.reason, timeout)
    except OSError as error:
        return _reason_of(error, timeout)
    except HTTPException:
        return "the answer is not HTTP"
    except ValueError:
        return "the address is not valid"


def _reason_of(reason: object, timeout: float) -> str:
    """Return the words of a failed connection. Texts that could contain the address are left out."""
    if isinstance(reason, TimeoutError):
        return f"no answer within {timeout:g} s"
    words = getattr(reason, "verify_message", None) or getattr(reason, "strerror", None)
    return f"no connection: {clean_line(str(words))}" if words else "no connection"
