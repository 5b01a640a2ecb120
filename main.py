"""Mashang 码上: the message desk of a deputy liaison station. Run `python main.py --help`."""

from cli.app import app

if __name__ == "__main__":
    app()
