"""What is measured, by concern. Each module declares its rows and measures their values."""

from tests.benchmarks.concerns import (
    client,
    cockpit,
    commands,
    curve,
    data_check,
    first_reading,
    panes,
    service,
    service_directory,
)

CONCERNS = (
    cockpit.CONCERN,
    panes.CONCERN,
    client.CONCERN,
    commands.CONCERN,
    first_reading.CONCERN,
    data_check.CONCERN,
    service.CONCERN,
    service_directory.CONCERN,
    curve.CONCERN,
)
"""All concerns, in the order of their measurement."""
