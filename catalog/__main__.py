"""`python -m catalog` is `sen12ms`."""

from catalog.cli import command_line

if __name__ == "__main__":
    command_line()
