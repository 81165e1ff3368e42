"""Facts about jobs that lists show and compare but their rows lack: costs, and kinds of alarms that are off."""

from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fttui.core.options import Options
    from fttui.core.pricing import Cost, Pricing
    from fttui.models.row import JobRow
    from fttui.store.job_values import Known


class JobFacts:
    """Costs and alarms by the settings of the chosen service. Prices are read when the first cost is asked for."""

    def __init__(self, options: "Options") -> None:
        from fttui.config import load

        self._options = options
        self.alarms_off = load.load().alarms.off
        """Kinds of alarms that the user has turned off."""

    @property
    def has_fixed_states(self) -> bool:
        """The states of all jobs are fttui's own. A provider may have others."""
        from fttui.config.choose import choose
        from fttui.config.errors import ConfigError

        try:
            return choose(profile=self._options.profile, base_url=self._options.base_url).is_on_disk
        except ConfigError:  # told by the connection; the archive keeps the jobs of removed profiles
            return False

    @property
    def known(self) -> "Known":
        """The facts for filters and orders."""
        from fttui.store.job_values import Known

        return Known(self.amount, self.alarms_off)

    def amount(self, row: "JobRow") -> float | None:
        """Return the cost of a job; None if unknown."""
        return self._cost(row).amount

    def words(self, row: "JobRow") -> str:
        """Return the cost of a job with its currency; empty if unknown."""
        return self._cost(row).text

    def _cost(self, row: "JobRow") -> "Cost":
        if self._pricing is None:
            from fttui.core.pricing import Cost

            return Cost()
        return self._pricing.row_cost(row)

    @cached_property
    def _pricing(self) -> "Pricing | None":
        """Prices of the chosen service. None if its profile was removed: its jobs are read from the archive."""
        from fttui.config.choose import choose
        from fttui.config.errors import ConfigError
        from fttui.core.pricing import Pricing

        try:
            return Pricing(choose(profile=self._options.profile, base_url=self._options.base_url))
        except ConfigError:
            return None
