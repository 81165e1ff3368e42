"""Tools of the benchmarks: fake servers, programs in a pseudo-terminal, processes, drawings."""
