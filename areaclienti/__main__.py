"""Makes `python -m areaclienti` the same as the command `areaclienti`."""

from areaclienti.cli import app

if __name__ == "__main__":
    app(prog_name="areaclienti")
