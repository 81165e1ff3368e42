"""`python -m fttui` is the same as the `fttui` command."""

from fttui.main import main

if __name__ == "__main__":
    main()
